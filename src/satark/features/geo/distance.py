"""How far apart two places are; used by the signals on the way from facts to rules."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the earth (IUGG 1980)."""


def distance_km(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """Return the great-circle distance of two places in kilometres.

    Parameters
    ----------
    lat_1, lon_1, lat_2, lon_2
        Degrees, WGS 84.

    Notes
    -----
    Haversine formula (Sinnott, Sky and Telescope 68, 1984): exact enough near and far, off by at most 0.5
    percent because the earth is no sphere.

    Examples
    --------
    >>> round(distance_km(28.6139, 77.2090, 19.0760, 72.8777))  # Delhi to Mumbai
    1148
    """
    phi_1 = radians(lat_1)
    phi_2 = radians(lat_2)
    half = sin((phi_2 - phi_1) / 2) ** 2 + cos(phi_1) * cos(phi_2) * sin(radians(lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(half, 1.0)))
