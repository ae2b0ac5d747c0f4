"""What the plots share: text of an SVG, and its picture as PNG where there is a Chromium."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile


def text(x: float, y: float, what: str, size: int = 12, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {extra}>{what}</text>'


def opening(width: int, height: int) -> list[str]:
    """Of a drawing on white."""
    return [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" fill="#22262b">',
            f'<rect width="{width}" height="{height}" fill="white"/>']


def write(drawn: str, plot: pathlib.Path) -> list[pathlib.Path]:
    """The .svg, and the .png beside it where there is a Chromium."""
    plot.write_text(drawn)
    browser = shutil.which("chromium")
    if browser is None:
        print(f"no {plot.with_suffix('.png').name}: Chromium isn't installed (./run test installs it)")
        return [plot]
    picture = plot.with_suffix(".png")
    width, height = (drawn.split(f'{side}="', 1)[1].split('"', 1)[0] for side in ("width", "height"))
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", f"--user-data-dir={profile}",
                        f"--window-size={width},{height}", f"--screenshot={picture.resolve()}", plot.resolve().as_uri()],
                       capture_output=True, timeout=120, check=True)
    return [plot, picture]
