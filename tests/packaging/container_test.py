"""packaging/Containerfile without an engine: its last stage is built of this machine's packages, and run as a chroot."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(os.environ["FASTINTENT_TEST_PROGRAM"])
BASE = ROOT / "tests" / "golden" / "bert_base" / "model"
TRAINED = ROOT / "tests" / "golden" / "bert_cls" / "model"


def instructions():
    """(name, rest) of each instruction of the last stage."""
    text = (ROOT / "packaging" / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ").split("\nFROM ")[-1]
    return [line.split(maxsplit=1) for line in ("FROM " + text).splitlines() if line.strip()]


def installed_packages(names):
    """`names` and what they depend on, of the packages that are installed here."""
    output = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}|${Pre-Depends}, ${Depends}|${Provides}\n"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    needs, provided = {}, {}
    for line in output.splitlines():
        package, depends, provides = line.split("|", 1)[0], *line.split("|", 1)[1].rsplit("|", 1)
        name, status = package.split()
        if status != "installed":
            continue
        needs[name] = [word for word in re.split(r"[,|]", re.sub(r"\([^)]*\)|:any", "", depends)) if word.strip()]
        for word in [name, *re.sub(r"\([^)]*\)", "", provides).split(",")]:
            provided[word.strip()] = name
    found, waiting = set(), [provided[name] for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [provided[word.strip()] for word in needs[name] if word.strip() in provided]
    return sorted(found)


def copy_packages(packages, root):
    files = subprocess.run(["dpkg", "-L", *packages], check=True, capture_output=True, text=True).stdout
    for name in files.splitlines():
        source = pathlib.Path(name)
        if not name.startswith("/") or name.startswith("/usr/share/") or not (source.is_symlink() or source.is_file()):
            continue
        target = root / name[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() and not target.is_symlink():
            shutil.copy2(source, target, follow_symlinks=False)


def why_not_here():
    release = pathlib.Path("/etc/os-release")
    if not release.exists() or "VERSION_CODENAME=bookworm" not in release.read_text():
        return "the image is of Debian 12, whose packages this machine has not"
    return "changing the root folder needs root" if os.geteuid() != 0 else None


@unittest.skipIf(why_not_here(), why_not_here())
class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.root.chmod(0o755)
        cls.stage = instructions()
        for name in ["lib", "lib64", "bin", "sbin"]:  # as in every Debian 12
            (cls.root / "usr" / name).mkdir(parents=True)
            (cls.root / name).symlink_to(f"usr/{name}")
        installs = " ".join(rest for name, rest in cls.stage if name == "RUN" and "apt-get install" in rest)
        packages = re.search(r"--no-install-recommends\s+([^&]+)", installs)[1].split()
        copy_packages(installed_packages([*packages, "libc6", "libstdc++6"]), cls.root)
        (cls.root / "dev").mkdir()
        (cls.root / "dev" / "null").touch(mode=0o666)
        for name, rest in cls.stage:
            *sources, target = rest.split() if name == "COPY" else [None]
            if sources and sources[0] == "--from=build":
                (cls.root / target[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROGRAM.with_name(pathlib.Path(target).name), cls.root / target[1:])
        cls.user = int(cls.value("USER").split(":")[0])
        work = cls.root / cls.value("WORKDIR")[1:]
        work.mkdir()
        shutil.copytree(BASE, work / "base")
        rows = [f"message {i} about {i % 2},{'even' if i % 2 else 'odd'}" for i in range(20)]
        (work / "rows.csv").write_text("text,intent\n" + "\n".join(rows) + "\n")
        os.chown(work, cls.user, cls.user)

    @classmethod
    def value(cls, name):
        """What the last instruction of the name says."""
        return [rest for each, rest in cls.stage if each == name][-1]

    def run_inside(self, command, code=0, **variables):
        done = subprocess.run(command, **self.inside(variables), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def inside(self, variables):
        """Arguments of subprocess that run a command in the image, as its user and with its variables."""
        image = dict(word.split("=", 1) for word in self.value("ENV").split())

        def enter():
            os.chroot(self.root)
            os.chdir(self.value("WORKDIR"))
            os.setgroups([])
            os.setgid(self.user)
            os.setuid(self.user)

        return {"preexec_fn": enter, "env": {"PATH": "/usr/local/bin:/usr/bin"} | image | variables}

    def entry(self, *arguments, **options):
        return self.run_inside([*json.loads(self.value("ENTRYPOINT")), *arguments], **options)

    def test_it_serves_unprivileged(self):
        """The command as SageMaker runs it, and the check of its health."""
        self.assertGreater(self.user, 0)
        shutil.copytree(TRAINED, self.root / "opt" / "ml" / "model")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        command = [*json.loads(self.value("ENTRYPOINT")), *json.loads(self.value("CMD"))]
        with subprocess.Popen(
            command, **self.inside({"FASTINTENT_PORT": port}), stderr=subprocess.PIPE, text=True
        ) as server:
            self.addCleanup(server.kill)
            check = json.loads(self.value("HEALTHCHECK").split("CMD", 1)[1].replace(":8080", ":" + port))
            said = []
            for line in server.stderr:
                said.append(line)
                if port in line:
                    break
            self.assertIn("0.0.0.0:" + port, "".join(said))
            self.run_inside(check)
            server.terminate()
            server.stderr.read()
            self.assertEqual(server.wait(timeout=60), 0)
        self.assertNotEqual(subprocess.run(check, **self.inside({}), capture_output=True).returncode, 0)

    def test_train_and_predict(self):
        self.entry("train", "--model", "base", "--train", "rows.csv", "--output", "out", "--epochs", "1")
        answer = json.loads(self.entry("predict", "--model", "out", "message 3").stdout)
        self.assertIn(answer["intent"], ["odd", "even"])

    def test_the_libraries_for_downloads_are_there(self):
        done = self.entry(
            "train",
            "--model",
            "a/b",
            "--train",
            "rows.csv",
            "--output",
            "x",
            code=74,
            HF_ENDPOINT="https://127.0.0.1:1",
        )
        self.assertRegex(done.stderr, "connect")  # what curl says


if __name__ == "__main__":
    unittest.main()
