"""The two arms as a labelled axis: the reference at index 0, the contrast at index 1."""

from typing import Any

import xarray as xr

ARM = xr.DataArray([0.0, 1.0], dims="arm", coords={"arm": ["reference", "contrast"]}, name="arm")
"""The arm indicator: multiplies an effect, and labels what it is added to."""

HALVES = ARM - 0.5
"""Half a difference to each side of the level between the arms."""


def contrast(by_arm: Any) -> Any:
    """The contrast arm minus the reference arm."""
    return by_arm.sel(arm="contrast", drop=True) - by_arm.sel(arm="reference", drop=True)
