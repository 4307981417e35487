"""The wheel carries the patterns, and lints a sample in an environment in which nothing but its dependencies is installed."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

from conftest import ROOT


def test_the_wheel_lints_a_sample(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "notelint/patterns/M45.yaml" in names
    assert "notelint/patterns/vocabulary/spine.yaml" in names
    assert not [name for name in names if not name.startswith("notelint")]
    # The dependencies are those of this environment, lent by a path file; notelint itself comes from the wheel alone.
    home = tmp_path / "empty"
    venv.create(home, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (site / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    python = home / "bin" / "python"
    where = subprocess.run(
        [python, "-c", "import notelint; print(notelint.__file__)"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert str(site) in where.stdout
    done = subprocess.run(
        [python, "-m", "notelint", "check", str(ROOT / "samples" / "as-lumbosacral-gaps.txt"), "--code", "M45.7", "--format", "json", "--fail-on", "never"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "NOTELINT_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["notes"][0]["codes"] == ["M45.7"]
