# browser: a real Chromium, driven as a person would: what the page shows, says and logs.
# SPDX-License-Identifier: Apache-2.0
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

AXE = "4.14.1"
BUILD = pathlib.Path(os.environ["CONVENE_BIN"]).parent
SHOTS = BUILD / "screenshots"


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def need_browser():
    """Leaves as skipped where there is no Chromium to drive."""
    for tool in ("chromium", "chromedriver"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed (packages chromium, chromium-driver)")
    try:
        import selenium  # noqa: F401, pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        skip("python3-selenium is not installed")


def axe_source():
    """axe-core's script, put into the build folder once; None with the reason printed where it cannot be had."""
    folder = BUILD / "node-axe"
    script = folder / "node_modules/axe-core/axe.min.js"
    if not script.exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", f"axe-core@{AXE}"],
                              cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            print("axe-core cannot be installed: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return script.read_text(encoding="utf-8") if script.exists() else None


class Browser:
    def __init__(self, width=1440, height=1000, dark=False, script=True):
        from selenium import webdriver  # pylint: disable=import-outside-toplevel
        from selenium.webdriver.chrome.service import Service  # pylint: disable=import-outside-toplevel
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
                     "--no-first-run", "--lang=en", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_script_timeout(120)
        self.size(width, height)
        self.theme(dark)

    def size(self, width, height=1000):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def theme(self, dark):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def paper(self, name):
        """The page as it is printed: its text, and how many sheets."""
        printed = self.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.pdf"
        path.write_bytes(base64.b64decode(printed["data"]))
        text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, timeout=60, check=True).stdout
        return text, text.count("\f")

    def printed(self, script):
        """What a script sees while the page is laid out for paper, on a sheet's width."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.size(1030)
        try:
            return self.run(f"return {script}")
        finally:
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    def go(self, url):
        self.driver.get(url)

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    @property
    def mood(self):
        return self.run("return document.body?.dataset.mood ?? ''")

    def press(self, key):
        from selenium.webdriver.common.action_chains import ActionChains  # pylint: disable=import-outside-toplevel
        ActionChains(self.driver).send_keys(key).perform()

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        height = self.run("return Math.min(document.documentElement.scrollHeight, 16000)")
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
            "x": 0, "y": 0, "width": self.run("return innerWidth"), "height": height, "scale": 1}})
        import base64  # pylint: disable=import-outside-toplevel
        (SHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))

    def complaints(self):
        """What the console said since the last call, but what a page can do nothing about."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def axe(self, source):
        """Violations of WCAG 2.2 AA and of axe's best practices, a line each."""
        self.run(source)
        result = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done, error => done({error: String(error)}))")
        if "error" in result:
            raise AssertionError(result["error"])
        return [f"{v['id']}: {v['help']}: " + "; ".join(n["html"][:150] + " " + json.dumps(n.get("failureSummary", ""))[:300] for n in v["nodes"][:3])
                for v in result["violations"]]

    def close(self):
        self.driver.quit()
