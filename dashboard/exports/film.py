"""Films of a view, drawn on the server: frames from arrays, and their GIF and MP4.

The pictures have the page's colours; below them is the first curve with a cursor. Frames are drawn
one at a time and passed to the encoder immediately. An encoder is a generator that yields None
after each frame, so that a worker can report progress and stop, and the whole file at the end.
"""

import contextlib
import io
import subprocess  # nosec B404 -- without a shell
import tempfile
from collections.abc import Generator, Iterable, Iterator
from functools import cache
from itertools import chain, cycle
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from dashboard.concurrency.worker import FailedError
from dashboard.parts.colours import COLOUR, DASH
from dashboard.view.animation import AnimatedChart, Animation, Image, Lines

Frame = UInt8[np.ndarray, "h w 3"]
PAPER, TEXT, SOFT, RULE = "#ffffff", "#1b1b1b", "#555555", "#c9c9c9"
FIELDS = ("#0072B2", "#D55E00")
WIDTH, HEIGHT, PAD = 960, 544, 16
HEAD, CHART, BAR = 44, 150, 72
RATE = 12
GIF_WIDTH, COLOURS = 640, 128


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has Greek letters and comes with matplotlib."""
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)


def frames(animation: Animation) -> Iterator[Frame]:
    """Every frame of a reel as a picture of 960 x 544 pixels."""
    background = _background(animation)
    for i, t in enumerate(animation.ts):
        sheet = background.copy()
        draw = ImageDraw.Draw(sheet)
        draw.text((WIDTH - PAD, PAD), f"t = {t:.4g}", TEXT, font(18), anchor="ra")
        for box, scene in zip(_boxes(animation), animation.scenes, strict=True):
            if isinstance(scene, Image):
                sheet.paste(_painted(scene, i, box), box[:2])
                draw.rectangle(box, outline=RULE)
            else:
                _draw_lines(draw, scene, i, box)
        if animation.charts:
            left, top, right, bottom = _chart_box()
            x = left + (right - left) * t / animation.end
            draw.line([(x, top), (x, bottom)], SOFT, 2)
        yield np.asarray(sheet)


def _boxes(animation: Animation) -> list[tuple[int, int, int, int]]:
    """Where the pictures stand: side by side, equally wide."""
    n = max(len(animation.scenes), 1)
    wide = (WIDTH - PAD * (n + 1)) // n
    top, bottom = HEAD + 26, HEIGHT - CHART - 70
    square = all(isinstance(s, Image) and s.keys for s in animation.scenes)
    width = min(wide, bottom - top) if square else wide
    starts = (PAD + i * (wide + PAD) + (wide - width) // 2 for i in range(n))
    return [(x, top, x + width, bottom) for x in starts]


def _chart_box() -> tuple[int, int, int, int]:
    return PAD + 56, HEIGHT - CHART, WIDTH - PAD, HEIGHT - 30


def _background(animation: Animation) -> Pillow.Image:
    """What does not move: words, frames, axes and curves."""
    sheet = Pillow.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((PAD, PAD), animation.title, TEXT, font(18))
    for (left, top, right, bottom), scene in zip(_boxes(animation), animation.scenes, strict=True):
        draw.text((left, top - 20), scene.title, TEXT, font(13))
        below = f"{scene.x.label} across, {scene.y.label} up" if isinstance(scene, Image) else ""
        if isinstance(scene, Image) and scene.keys:
            _name(draw, [(scene.light[k.level], k.name) for k in scene.keys], left, bottom + 6)
        elif isinstance(scene, Lines):
            _name(draw, list(zip(FIELDS, scene.names, strict=False)), left, bottom + 6)
        else:
            draw.text(((left + right) // 2, bottom + 6), below, SOFT, font(12), anchor="ma")
            draw.text((right, bottom + 21), scene.note, TEXT, font(12), anchor="ra")
            _draw_scale(sheet, draw, scene, left, bottom + 23)
    for chart in animation.charts[:1]:
        _draw_chart(draw, chart, animation.end)
    return sheet


def _draw_scale(
    sheet: Pillow.Image, draw: ImageDraw.ImageDraw, image: Image, x: int, y: int
) -> None:
    """The colours of a density from its first to its last, and what these two stand for."""
    if image.scale is None:
        return
    low, high = (f"{value:.2g}".replace("-", "−") for value in image.scale)
    x += int(draw.textlength(low, font(11))) + 5
    draw.text((x - 5, y - 1), low, SOFT, font(11), anchor="ra")
    strip = Pillow.fromarray(palette(image.light)[None]).resize((BAR, 10))
    sheet.paste(strip, (x, y))
    draw.rectangle((x, y, x + BAR, y + 10), outline=RULE)
    draw.text((x + BAR + 5, y - 1), high, SOFT, font(11))


def _name(draw: ImageDraw.ImageDraw, keys: list[tuple[str, str]], x: int, y: int) -> None:
    for colour, name in keys:
        draw.rectangle((x, y + 1, x + 11, y + 12), fill=colour, outline=RULE)
        draw.text((x + 17, y), name, SOFT, font(12))
        x += 30 + int(draw.textlength(name, font(12)))


def palette(colours: Iterable[str]) -> UInt8[np.ndarray, "c 3"]:
    """Colours "#rrggbb" as bytes."""
    return np.array([list(bytes.fromhex(colour[1:])) for colour in colours], np.uint8)


def _painted(image: Image, frame: int, box) -> Pillow.Image:
    size = (box[2] - box[0], box[3] - box[1])
    colours = palette(image.light)[image.levels(frame)[::-1]]
    smooth = Pillow.Resampling.NEAREST if image.keys else Pillow.Resampling.BICUBIC
    return Pillow.fromarray(colours).resize(size, smooth)


def _draw_lines(draw: ImageDraw.ImageDraw, lines: Lines, frame: int, box) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, outline=RULE)
    x = left + (right - left) * (lines.x - lines.x[0]) / (lines.x[-1] - lines.x[0])
    for row, colour, dash in zip(lines.rows(frame), FIELDS, ("solid", [7, 4]), strict=False):
        share = np.clip((row - lines.low) / (lines.high - lines.low), 0, 1)
        stroke(draw, x, bottom - (bottom - top) * share, colour, dash)


def _draw_chart(draw: ImageDraw.ImageDraw, chart: AnimatedChart, end: float) -> None:
    left, top, right, bottom = _chart_box()
    low, high = chart.limits()
    scale = np.log if chart.log else np.asarray
    draw.text((PAD, top - 20), chart.heading, TEXT, font(13))
    draw.rectangle((left, top, right, bottom), outline=RULE)
    for value, y in ((high, top), (low, bottom - 12)):
        draw.text((left - 6, y), f"{value:.2g}", SOFT, font(11), anchor="ra")
    for value, x, anchor in ((0, left, "la"), (end, right, "ra")):
        draw.text((x, bottom + 5), f"t = {value:g}", SOFT, font(11), anchor=anchor)
    for curve in chart.curves:
        y = np.clip(np.nan_to_num(np.asarray(curve.y, float), nan=low), low, high)
        share = (scale(y) - scale(low)) / (scale(high) - scale(low))
        x = left + (right - left) * np.asarray(curve.t, float) / end
        stroke(
            draw, x, bottom - (bottom - top) * share, COLOUR[False][curve.kind], DASH[curve.kind]
        )
    _name_curves(draw, chart, right, top - 19)


def _name_curves(draw: ImageDraw.ImageDraw, chart: AnimatedChart, at: int, y: int) -> None:
    """The legend, which ends at `at`."""
    for curve in reversed(chart.curves):
        at -= int(draw.textlength(curve.name, font(12)))
        draw.text((at, y), curve.name, SOFT, font(12))
        ends = np.array([at - 32.0, at - 6.0])
        stroke(draw, ends, np.full(2, y + 8.0), COLOUR[False][curve.kind], DASH[curve.kind])
        at -= 48


def stroke(
    draw: ImageDraw.ImageDraw, x, y, colour: str, dash: str | list[int] = "solid",
    width: int = 2,
) -> None:  # fmt: skip
    """A curve through points, dashed by its own length."""
    points = np.stack([x, y], 1)
    if isinstance(dash, str) or len(points) < 2:
        draw.line([tuple(p) for p in points], colour, width, joint="curve")
        return
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    lengths, start = cycle(zip(dash[::2], dash[1::2], strict=True)), 0.0
    while start < along[-1]:
        on, off = next(lengths)
        s = np.linspace(start, min(start + on, along[-1]), 4)
        piece = np.stack([np.interp(s, along, points[:, i]) for i in (0, 1)], 1)
        draw.line([tuple(p) for p in piece], colour, width)
        start += on + off


def gif(pictures: Iterable[Frame], rate: float = RATE) -> Iterator[bytes | None]:
    """An animated GIF that loops, 640 pixels wide.

    GIF does not compress motion, so every pixel adds to the size. Raises ValueError where there
    are no frames, as `mp4` does.
    """
    small: list[Pillow.Image] = []
    for picture in _some(pictures):
        height, width = picture.shape[:2]
        size = (GIF_WIDTH, round(height * GIF_WIDTH / width))
        image = Pillow.fromarray(picture).resize(size, Pillow.Resampling.LANCZOS)
        small.append(image.quantize(COLOURS, Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE))
        yield None
    file = io.BytesIO()
    # Times of a GIF are hundredths of a second.
    small[0].save(
        file, "GIF", save_all=True, append_images=small[1:], loop=0,
        duration=10 * round(100 / rate),
    )  # fmt: skip
    yield file.getvalue()


def mp4(pictures: Iterable[Frame], rate: float = RATE) -> Iterator[bytes | None]:
    """An MP4 (H.264) that every browser and slide programme plays."""
    pictures = _some(pictures)
    first = next(pictures)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with _ffmpeg(path, width, height, rate) as (encoder, sink):
            for picture in chain([first], pictures):
                sink.write(np.ascontiguousarray(picture[:height, :width]).data)
                yield None
        if encoder.returncode:
            raise FailedError("The film could not be encoded; try the GIF instead.")
        yield path.read_bytes()


def _some(pictures: Iterable[Frame]) -> Iterator[Frame]:
    """The same frames; ValueError if there are none."""
    pictures = iter(pictures)
    first = next(pictures, None)
    if first is None:
        raise ValueError("There are no frames to make a film of; wait for the first answer.")
    return chain([first], pictures)


@contextlib.contextmanager
def _ffmpeg(
    path: Path, width: int, height: int, rate: float
) -> Generator[tuple[subprocess.Popen, IO[bytes]]]:
    # Not by imageio's own writer, which forks a process that has JAX's threads.
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate:g}"]
    result = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    encoder = subprocess.Popen(  # noqa: S603 # nosec B603
        [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *source, "-i", "-", *result,
         "-threads", "1", "-movflags", "+faststart", str(path)],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sink = encoder.stdin
    if sink is None:
        raise FailedError("The film encoder accepts no input.")
    try:
        yield encoder, sink
        sink.close()
        encoder.wait(60)
    finally:
        # Also when the film is cancelled halfway.
        if encoder.poll() is None:
            encoder.kill()
            with contextlib.suppress(OSError):
                sink.close()
            encoder.wait()
