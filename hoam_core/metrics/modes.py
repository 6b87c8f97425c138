"""The rate and frequency of one mode of a field by a fit, with their uncertainty.

While a wave is small, its complex amplitude is, by linear theory, a sum of exponentials, one for
each root of the dispersion relation that the initial state has excited,

    y(t) = sum_j c_j exp(lambda_j t),    lambda_j = gamma_j - i omega_j,

so that |y| is a straight line on a logarithmic axis only once all but one have died out: two beams
beat for as long as they grow. All lambda_j of a window follow from the singular vectors of the
Hankel matrix of its samples (matrix pencil: Hua and Sarkar, IEEE Trans. ASSP 38 (1990) 814). The
rate is that of the part that is largest at the end of the window.

A fit is only as good as its stability when its window moves: the uncertainty covers the rates of
a window with either end cut, with either number of exponentials, and of all other windows that are
nearly as good. The fit uses nothing of linear theory's predicted rates.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from scipy.signal import find_peaks

# Numbers of exponentials in a fit; the fewest samples that determine them, and the most used.
ORDERS = (3, 4)
FEWEST, MOST = 12, 100
# A wave counts as above the noise where it is so many times higher.
ABOVE_NOISE = 4.0
# Where windows of a growing wave end, as shares of its first maximum, and where they start.
SHARES = (0.15, 0.2, 0.3, 0.4, 0.5)
STARTS = (0.0, 0.15, 0.3, 0.45)
# Maxima of a damped wave at which its windows end.
MAXIMA = (2, 3, 4, 6, 8, 12)
# The least number of e-foldings in a window of a growing wave.
LEAST_GROWTH = 0.7
# Windows at most so many times as uncertain as the best one count as nearly as good.
NEARLY = 2.0
# The least uncertainty, relative to the rate: the onset of saturation, and the steps and cells of
# a full model, shift a rate by up to a hundredth, which moving the window does not reveal.
LEAST_UNCERTAIN = 0.01
# The largest uncertainty of an accepted rate, relative to it or to half an e-folding per window.
MOST_UNCERTAIN = 0.5


class ModeFit(NamedTuple):
    """Rate gamma +- uncertainty and frequency omega (>= 0) of a mode, and the window.

    `height` is |c exp(lambda t)| at the end of the window, of the exponential with that rate.
    """

    rate: float
    uncertainty: float
    frequency: float
    start: float
    end: float
    height: float


def exponentials(
    y: Complex[np.ndarray, " t"], dt: float, order: int
) -> tuple[Complex[np.ndarray, " j"], Complex[np.ndarray, " j"]]:
    """Exponents lambda_j and amplitudes c_j (at the first sample) of equispaced samples."""
    hankel = np.lib.stride_tricks.sliding_window_view(np.asarray(y, complex), len(y) // 2 + 1)
    right = np.linalg.svd(hankel, full_matrices=False)[2]
    basis = right[:order].T
    factors = np.linalg.eigvals(np.linalg.pinv(basis[:-1]) @ basis[1:])
    exponents = np.log(factors.astype(complex)) / dt
    powers = np.exp(np.outer(dt * np.arange(len(y)), exponents))
    return exponents, np.linalg.lstsq(powers, y, rcond=None)[0]


def noise_of(modes: Complex[np.ndarray, "t m"], number: int) -> Float[np.ndarray, " t"]:
    """Noise of the field of mode `number`, from the highest modes, which hold little but noise.

    Particles make density noise of the same height n in all modes, and hence a field n / k.
    """
    numbers = np.arange(1, modes.shape[1] + 1)
    high = numbers > modes.shape[1] // 2
    return np.median(np.abs(modes[:, high]) * numbers[high], axis=1) / number


def fit_window(
    ts: Float[np.ndarray, " t"], modes: Complex[np.ndarray, "t m"], number: int,
    window: tuple[float, float],
) -> ModeFit | None:  # fmt: skip
    """The fit of a mode in one window of equispaced times; None with fewer than a dozen of them."""
    inside = np.flatnonzero((ts >= window[0] - 1e-9) & (ts <= window[1] + 1e-9))
    if len(inside) < FEWEST:
        return None
    ends = int(inside[0]), int(inside[-1]) + 1
    return _fit(np.asarray(ts, float), np.asarray(modes[:, number - 1], complex), *ends)


def fit_mode(
    ts: Float[np.ndarray, " t"], modes: Complex[np.ndarray, "t m"], number: int, *, grows: bool
) -> ModeFit | None:
    """The fit of mode `number` (1, 2, ...) in the window that the data leave least uncertain.

    `modes` holds the complex amplitudes of modes 1 to m of the field. None where nothing rises
    above the noise, or no window has a single rate. `grows`: whether to fit growth or damping.
    """
    ts, y = np.asarray(ts, float), np.asarray(modes[:, number - 1], complex)
    if len(ts) < FEWEST or not np.isfinite(y).all():
        return None
    windows = _growing(y) if grows else _falling(y, noise_of(modes, number))
    fits = [fit for i, j in windows if (fit := _fit(ts, y, i, j))]
    fits = [fit for fit in fits if fit.uncertainty < _most_uncertain(fit)]
    if grows:
        fits = [fit for fit in fits if fit.rate * (fit.end - fit.start) > LEAST_GROWTH]
    if not fits:
        return None
    least = min(fit.uncertainty for fit in fits)
    good = [fit for fit in fits if fit.uncertainty <= NEARLY * least]
    best = max(good, key=lambda fit: fit.end - fit.start)
    around = max(abs(fit.rate - best.rate) + fit.uncertainty for fit in good)
    return best._replace(uncertainty=around) if around < _most_uncertain(best) else None


def _most_uncertain(fit: ModeFit) -> float:
    return MOST_UNCERTAIN * max(abs(fit.rate), 0.5 / (fit.end - fit.start))


def _fit(ts: np.ndarray, y: np.ndarray, start: int, end: int) -> ModeFit | None:
    stride = -(-(end - start) // MOST)
    cut = max(stride, (end - start) // 8)
    dt = float(ts[1] - ts[0]) * stride
    found = [
        _last(y[i:j:stride], dt, order)
        for i, j in ((start, end), (start + cut, end), (start, end - cut))
        for order in ORDERS
        if (j - i) // stride > 2 * order
    ]
    if not found:
        return None
    rates, frequencies, residuals, heights = np.array(found).T
    middle, frequency = float(np.median(rates)), float(np.median(frequencies))
    # Residuals tilt the slope; the height at the end is the maximum over the last half period.
    swing = end - start if not frequency else round(np.pi / frequency / dt * stride)
    last, span = np.abs(y[max(start, end - swing) : end]).max(), ts[end - 1] - ts[start]
    scatter = 2 * np.median(residuals) / (last * span)
    around = float(np.hypot(np.abs(rates - middle).max(), scatter))
    around = max(around, LEAST_UNCERTAIN * abs(middle))
    # The height in the whole window only: the shortened windows end at different times.
    whole = float(np.median(heights[: len(ORDERS)]))
    return ModeFit(middle, around, frequency, float(ts[start]), float(ts[end - 1]), whole)


def _last(y: np.ndarray, dt: float, order: int) -> tuple[float, float, float, float]:
    """Rate, frequency, rms residual and height of the part that is largest at the last sample."""
    exponents, amplitudes = exponentials(y, dt, order)
    parts = amplitudes * np.exp(np.outer(dt * np.arange(len(y)), exponents))
    which = exponents[np.argmax(np.abs(parts[-1]))]
    rest = float(np.sqrt(np.mean(np.abs(y - parts.sum(axis=1)) ** 2)))
    return which.real, abs(which.imag), rest, float(np.abs(parts[-1]).max())


def _growing(y: np.ndarray) -> Iterator[tuple[int, int]]:
    """Windows (first, last + 1) of a wave on its way to its first maximum."""
    height = np.abs(y)
    peak = _first_peak(height)
    for share in SHARES:
        low = np.flatnonzero(height[: peak + 1] < share * height[peak])
        end = int(low[-1]) + 2 if low.size else 0
        for start in (max(2, round(part * end)) for part in STARTS):
            if end - start >= FEWEST:
                yield start, end


def _falling(y: np.ndarray, noise: np.ndarray) -> Iterator[tuple[int, int]]:
    """Windows of a wave from its start, until its maxima rise again or drown in noise."""
    height = np.abs(y)
    falling, level = [0], height[0]
    for peak in find_peaks(height, prominence=1e-3 * height.max())[0]:
        if height[peak] >= level or height[peak] < ABOVE_NOISE * noise[peak]:
            break
        falling.append(int(peak))
        level = height[peak]
    if len(falling) < 3:
        return
    half = (falling[2] - falling[1]) // 2
    for count in MAXIMA:
        if count < len(falling):
            end = min(falling[count] + half + 1, len(y))
            for start in (0, half // 2, half):
                if end - start >= FEWEST:
                    yield start, end


def _first_peak(height: np.ndarray) -> int:
    """Index of the first local maximum that reaches half of the global one."""
    rising = np.r_[True, np.diff(height) > 0]
    falling = np.r_[np.diff(height) <= 0, True]
    return int(np.flatnonzero(rising & falling & (height >= 0.5 * height.max()))[0])
