"""Stand-in: the names of samplers and schedulers, which nodes offer as choices."""

from __future__ import annotations

from typing import Any

from graphrun.comfy import missing

KSAMPLER_NAMES = missing.words(
    """
    euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 exp_heun_2_x0
    exp_heun_2_x0_sde dpm_2 dpm_2_ancestral lms dpm_fast dpm_adaptive dpmpp_2s_ancestral
    dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde
    dpmpp_2m_sde_gpu dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu
    ddpm lcm ipndm ipndm_v deis res_multistep res_multistep_cfg_pp res_multistep_ancestral
    res_multistep_ancestral_cfg_pp gradient_estimation gradient_estimation_cfg_pp er_sde
    seeds_2 seeds_3 sa_solver sa_solver_pece
    """
)
SAMPLER_NAMES = [*KSAMPLER_NAMES, "ddim", "uni_pc", "uni_pc_bh2"]
SCHEDULER_NAMES = missing.words(
    """
    simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic kl_optimal
    """
)
SCHEDULER_HANDLERS: dict[str, Any] = {
    name: missing.Later(f"{__name__}.SCHEDULER_HANDLERS[{name!r}]") for name in SCHEDULER_NAMES
}


class KSampler:
    """The lists of choices. Sampling itself is not offered, so no object can be made."""

    SAMPLERS = SAMPLER_NAMES
    SCHEDULERS = SCHEDULER_NAMES
    DISCARD_PENULTIMATE_SIGMA_SAMPLERS = frozenset(
        {"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise missing.NotOfferedName.of(f"{__name__}.KSampler")


__getattr__ = missing.names(__name__, "*")
