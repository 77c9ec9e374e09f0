"""The words for values that only links carry. The same word is the same type in every pack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphrun.comfy.v3.ports import ComfyTypeIO, comfytype, named_type
from graphrun.comfy.v3.values import MESH, SPLAT, VOXEL, File3D
from graphrun.comfy.v3.values import SVG as SvgFiles

_Dict = dict[str, Any]

AnyType = named_type("AnyType", "*")
Image = named_type("Image", "IMAGE")
Mask = named_type("Mask", "MASK")
WanCameraEmbedding = named_type("WanCameraEmbedding", "WAN_CAMERA_EMBEDDING")
Sampler = named_type("Sampler", "SAMPLER")
Sigmas = named_type("Sigmas", "SIGMAS")
Noise = named_type("Noise", "NOISE")
Guider = named_type("Guider", "GUIDER")
Clip = named_type("Clip", "CLIP")
ControlNet = named_type("ControlNet", "CONTROL_NET")
Vae = named_type("Vae", "VAE")
Model = named_type("Model", "MODEL")
ModelPatch = named_type("ModelPatch", "MODEL_PATCH")
BackgroundRemoval = named_type("BackgroundRemoval", "BACKGROUND_REMOVAL")
ClipVision = named_type("ClipVision", "CLIP_VISION")
ClipVisionOutput = named_type("ClipVisionOutput", "CLIP_VISION_OUTPUT")
AudioEncoder = named_type("AudioEncoder", "AUDIO_ENCODER")
AudioEncoderOutput = named_type("AudioEncoderOutput", "AUDIO_ENCODER_OUTPUT")
StyleModel = named_type("StyleModel", "STYLE_MODEL")
Gligen = named_type("Gligen", "GLIGEN")
UpscaleModel = named_type("UpscaleModel", "UPSCALE_MODEL")
LatentUpscaleModel = named_type("LatentUpscaleModel", "LATENT_UPSCALE_MODEL")
LoraModel = named_type("LoraModel", "LORA_MODEL", dict)
Video = named_type("Video", "VIDEO")
SVG = named_type("SVG", "SVG", SvgFiles)
Voxel = named_type("Voxel", "VOXEL", VOXEL)
Mesh = named_type("Mesh", "MESH", MESH)
Splat = named_type("Splat", "SPLAT", SPLAT)
File3DAny = named_type("File3DAny", "FILE_3D", File3D)
File3DGLB = named_type("File3DGLB", "FILE_3D_GLB", File3D)
File3DGLTF = named_type("File3DGLTF", "FILE_3D_GLTF", File3D)
File3DFBX = named_type("File3DFBX", "FILE_3D_FBX", File3D)
File3DOBJ = named_type("File3DOBJ", "FILE_3D_OBJ", File3D)
File3DSTL = named_type("File3DSTL", "FILE_3D_STL", File3D)
File3DUSDZ = named_type("File3DUSDZ", "FILE_3D_USDZ", File3D)
File3DPLY = named_type("File3DPLY", "FILE_3D_PLY", File3D)
File3DSPLAT = named_type("File3DSPLAT", "FILE_3D_SPLAT", File3D)
File3DSPZ = named_type("File3DSPZ", "FILE_3D_SPZ", File3D)
File3DKSPLAT = named_type("File3DKSPLAT", "FILE_3D_KSPLAT", File3D)
File3DSplatAny = named_type("File3DSplatAny", "FILE_3D_SPLAT_ANY", File3D)
File3DPointCloudAny = named_type("File3DPointCloudAny", "FILE_3D_POINT_CLOUD_ANY", File3D)
Hooks = named_type("Hooks", "HOOKS")
HookKeyframes = named_type("HookKeyframes", "HOOK_KEYFRAMES")
TimestepsRange = named_type("TimestepsRange", "TIMESTEPS_RANGE", tuple)
LatentOperation = named_type("LatentOperation", "LATENT_OPERATION", Callable)
FlowControl = named_type("FlowControl", "FLOW_CONTROL", tuple)
Photomaker = named_type("Photomaker", "PHOTOMAKER")
Point = named_type("Point", "POINT")
FaceAnalysis = named_type("FaceAnalysis", "FACE_ANALYSIS")
BBOX = named_type("BBOX", "BBOX")
SEGS = named_type("SEGS", "SEGS")
Dict = named_type("Dict", "DICT", dict)
Array = named_type("Array", "ARRAY", list)


@comfytype("LATENT")
class Latent(ComfyTypeIO):
    """A dictionary with the tensor `samples`."""

    Type = LatentDict = _Dict


@comfytype("CONDITIONING")
class Conditioning(ComfyTypeIO):
    """A list of pairs: a tensor and a dictionary."""

    PooledDict = _Dict
    Type = CondList = list[Any]


@comfytype("AUDIO")
class Audio(ComfyTypeIO):
    """A dictionary with the tensor `waveform` and the number `sample_rate`."""

    Type = AudioDict = _Dict


@comfytype("LOSS_MAP")
class LossMap(ComfyTypeIO):
    """A dictionary with the list `loss`."""

    Type = LossMapDict = _Dict


@comfytype("ACCUMULATION")
class Accumulation(ComfyTypeIO):
    """A dictionary with the list `accum`."""

    Type = AccumulationDict = _Dict


@comfytype("TRACKS")
class Tracks(ComfyTypeIO):
    """A dictionary with the paths of points."""

    Type = TrackDict = _Dict


@comfytype("LOAD3D_CAMERA")
class Load3DCamera(ComfyTypeIO):
    """Where a camera is and what it looks at."""

    Type = CameraInfo = _Dict


@comfytype("LOAD3D_MODEL_INFO")
class Load3DModelInfo(ComfyTypeIO):
    """Where the models of a scene are."""

    Model3DTransform = _Dict
    Type = list[Any]


@comfytype("LOAD_3D")
class Load3D(ComfyTypeIO):
    """Pictures of a scene and its camera."""

    Type = Model3DDict = _Dict


@comfytype("LOAD_3D_ANIMATION")
class Load3DAnimation(Load3D):
    """The same, moving."""


@comfytype("LAYERS")
class Layers(ComfyTypeIO):
    """A document of pictures on top of each other."""

    BlendMode = str
    LayerItem = _Dict
    Type = Document = _Dict
