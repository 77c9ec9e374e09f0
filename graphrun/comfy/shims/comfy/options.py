"""Stand-in: the flag that says whether ComfyUI reads the command line. It never does here."""

from graphrun.comfy import missing

args_parsing = False


def enable_args_parsing(enable: bool = True) -> None:
    """Do nothing: the command line is graphrun's."""


__getattr__ = missing.names(__name__)
