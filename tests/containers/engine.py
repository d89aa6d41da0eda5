"""The containers of one compose project, asked and commanded by docker-compose and podman."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/howto/containers.md"


class Project:
    """A compose project that runs; `files` are its compose files."""

    def __init__(self, name: str, files: Sequence[str]) -> None:
        self._name, self._found = name, dict[str, str]()
        self.on_orthanc_team = any("orthancteam" in one for one in files)
        self._compose = ["docker-compose", "-p", name, *(word for file in files for word in ("-f", file))]

    def compose(self, *words: str) -> str:
        """Run a command of docker-compose."""
        return said([*self._compose, *words])

    def documented(self, heading: str, file: str, backup: str, run: str = "run") -> None:
        """Do what the page says under a heading for a compose file: each block at once, the last until all is well."""
        [section] = re.findall(rf"^### {heading}\n(.+?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        command = f"docker-compose -f docker/{file}"
        blocks = [one for one in re.findall(r"^```sh\n(.+?)^```$", section, re.MULTILINE | re.DOTALL) if command in one]
        for shipped, here in (
            *(
                (f"{command} run", f"{command} {run}"),
                (command, shlex.join(self._compose)),
                ("/backup/2026-11-26", backup),
            ),
        ):
            blocks = [one.replace(shipped, here) for one in blocks]
        *acts, look = (["bash", "-euxo", "pipefail", "-c", one] for one in blocks)
        for act in acts:
            said(act)
        again_and_again(lambda: [said(look)], 180, heading)

    def host(self, *command: str) -> str:
        """Run a program of docker/ that speaks of this project."""
        return said(["env", f"COMPOSE_PROJECT_NAME={self._name}", *command])

    def container(self, service: str) -> str:
        """Return the id of a service's container; it keeps it when it is started again."""
        if service not in self._found:
            labels = {"project": self._name, "service": service}
            wanted = [f"--filter=label=com.docker.compose.{label}={value}" for label, value in labels.items()]
            self._found[service] = said(["podman", "ps", "--all", "--quiet", *wanted]).strip()
        return self._found[service]

    def run(self, service: str, *command: str) -> str:
        """Run a command inside a service's container, as its own user."""
        return said(["podman", "exec", self.container(service), *command])

    def words(self, service: str) -> str:
        """Return what a service's container has printed."""
        return said(["podman", "logs", self.container(service)])

    def kill(self, service: str) -> int:
        """End the container's first process by SIGKILL, as a crash would, and return its process id."""
        pid = self._state(service)["Pid"]
        os.kill(pid, signal.SIGKILL)
        return int(pid)

    def pid(self, service: str) -> int:
        """Return the id of the container's first process; 0 = it does not run."""
        return int(self._state(service)["Pid"])

    def healthy(self, service: str) -> bool:
        """Run the image's health check."""
        done = subprocess.run(["podman", "healthcheck", "run", self.container(service)], capture_output=True)
        return done.returncode == 0

    def _state(self, service: str) -> dict[str, int]:
        [found] = json.loads(said(["podman", "inspect", self.container(service)]))
        state: dict[str, int] = found["State"]
        return state


def said(command: Sequence[str], seconds: float = 180) -> str:
    """Run a command and return what it printed; RuntimeError with its words where it failed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def again_and_again(act: Callable[[], object], seconds: float, what: str) -> object:
    """Do something until it gives a true value without an error, as a sender repeats what nobody acknowledged."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found, fault = act(), None
        except (OSError, RuntimeError, subprocess.SubprocessError) as caught:
            found, fault = None, caught
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}; {fault}")
        time.sleep(0.5)
