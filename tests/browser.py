"""A page as a browser runs it: what a script at its end finds out."""

import html
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)

# The page counts as loaded, and is read, once this frame is: in the time of the clock, which sounds are rendered in too.
_HOLD = """
const held = document.body.appendChild(document.createElement('iframe'));
held.hidden = true;
held.contentDocument.open();
"""

_TELL = """
Promise.all(waits).catch(error => { report.error = String(error); }).then(() => {
  const told = document.createElement('pre');
  told.id = 'report';
  told.textContent = JSON.stringify(report);
  document.body.append(told);
  held.contentDocument.close();
});
"""


def browse(page: str, script: str, tmp_path: Path, *flags: str) -> dict[str, Any]:
    """Open a page with a script at its end, and return what that leaves in ``report`` once all of ``waits`` are done."""
    copy = tmp_path / "copy.html"
    copy.write_text(page.replace("</body>", f"<script>{_HOLD}{script}\n{_TELL}</script></body>"))
    quiet = "--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    always = ["--headless", "--no-sandbox", "--disable-gpu", *quiet.split(), "--timeout=60000", "--dump-dom"]
    command = [str(BROWSER), *always, *flags, f"--user-data-dir={tmp_path / 'browser'}", copy.as_uri()]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    found = re.search(r'<pre id="report">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the page broke: {done.stderr[-2000:]}"
    report: dict[str, Any] = json.loads(html.unescape(found[1]))
    assert "error" not in report, report["error"]
    return report
