"""fastintent train"""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

from program import BASE, PROGRAM, TRAINED, ProgramTest, environment, interrupt, start

WORDS = {"card": "where is my card", "refund": "give my money back", "weather": "will it rain"}


PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/training.md"


def documented_settings():
    """The rows of the table of docs/training.md: name, default, meaning."""
    table = PAGE.read_text().split("| setting | default | meaning |")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return [row for row in rows if re.fullmatch("`[a-z_]+`", row[0])]


class TrainTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = [f"{text} number {i},{label}\n" for i in range(40) for label, text in WORDS.items()]
        self.data = self.write("train.csv", "text,label\n" + "".join(rows))
        self.output = self.folder / "model"
        self.log_file = pathlib.Path(str(self.output) + ".log.jsonl")
        self.arguments = ["train", "--model", BASE, "--train", self.data]
        self.arguments += ["--output", str(self.output), "--threads", "1"]

    def log(self):
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def test_every_documented_setting_is_a_flag(self):
        help_text = " ".join(self.run_program("train", "--help").stdout.decode().split())
        settings = documented_settings()
        self.assertGreater(len(settings), 15)
        for name, _, _ in settings:
            flag = "--" + name.strip("`").replace("_", "-")
            self.assertRegex(help_text, f"(?<![a-z-]){flag}(?![a-z-])")

    def test_trains_and_logs(self):
        done = self.run_program(*self.arguments, "--epochs", "2", "--batch-size", "16")
        self.assertEqual(done.stdout, b"")
        for said in [b"120 rows", b"3 labels", b"accuracy", b"fastintent predict"]:
            self.assertIn(said, done.stderr)
        events = self.log()
        steps = [event for event in events if event["event"] == "step"]
        epochs = [event for event in events if event["event"] == "epoch"]
        self.assertEqual([step["step"] for step in steps], list(range(1, len(steps) + 1)))
        for name in ["epoch", "loss", "learning_rate", "examples_per_second"]:
            self.assertIn(name, steps[0])
        self.assertEqual([epoch["epoch"] for epoch in epochs], [1, 2])
        for name in ["accuracy", "macro_f1", "loss"]:
            self.assertIn(name, epochs[0])
        self.lines("predict", "--model", str(self.output), "where is my card")

    def test_says_how_far_to_trust_the_model(self):
        said = self.run_program(*self.arguments, "--epochs", "2").stderr.decode()
        error = r"Expected calibration error [\d.]+ % before, [\d.]+ % after"
        self.assertRegex(said, error + r" fitting the temperature [\d.]+\.")
        share = r"Answers need review below a confidence of [\d.]+: [\d.]+ % of the validation"
        self.assertRegex(said, share)
        self.assertRegex(
            said, r"Labels of the validation texts that are the same as in fp32: bf16 [\d.]+ %, int8 [\d.]+ %\."
        )
        saved = json.loads((self.output / "fastintent.json").read_text())
        self.assertEqual(set(saved), {"format_version", "temperature", "review_threshold", "label_agreement"})
        self.assertEqual(set(saved["label_agreement"]), {"bf16", "int8"})
        about = self.run_program("info", "--model", str(self.output)).stdout.decode()
        temperature, threshold = saved["temperature"], saved["review_threshold"]
        self.assertIn(f"temperature {temperature:.4g}, needs review below {threshold:.4g}", about)
        self.run_program(*self.arguments, "--review-accuracy", "1.5", code=64)

    def test_what_it_suggests_can_be_pasted_whatever_the_folder_is_called(self):
        for name in [b"my model", b"it's \xff\x1b[1m\xe2\x80\xae", "größe\\".encode()]:
            output = os.fsencode(self.folder / "of") + name
            arguments = [output if a == str(self.output) else a for a in self.arguments]
            said = self.run_program(*arguments, "--epochs", "1").stderr
            self.assertNotRegex(said, rb"[\x1b\xff]")
            suggested = said.decode().splitlines()[-1].replace('"your text"', '"my card"')
            done = subprocess.run(
                ["bash", "-c", suggested],
                env=environment(PATH=f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}"),
                capture_output=True,
                timeout=120,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b'"intent"', done.stdout)

    def test_never_overwrites_unasked(self):
        self.run_program(*self.arguments, "--epochs", "1")
        model = {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        log = self.log()
        self.run_program(*self.arguments, "--epochs", "1", "--seed", "7", code=73)
        for path, content in model.items():
            self.assertEqual(path.read_bytes(), content, path)
        self.assertEqual(self.log(), log)
        self.run_program(*self.arguments, "--epochs", "1", "--force")

    def test_ctrl_c_saves_and_resume_goes_on_to_the_same_model(self):
        arguments = [*self.arguments, "--epochs", "40", "--batch-size", "4", "--patience", "40"]
        for stop in [signal.SIGINT, signal.SIGTERM]:
            extra = [] if stop == signal.SIGINT else ["--resume"]
            before = len(self.log()) if extra else 0
            code, said = interrupt([*arguments, *extra], self.log_file, before + 20, stop)
            self.assertEqual(code, 130, said)
            self.assertIn("--resume", said)
        self.run_program(*arguments, "--resume")
        whole = self.folder / "whole"
        self.run_program(*[str(whole) if a == str(self.output) else a for a in arguments])
        steps = [event["step"] for event in self.log() if event["event"] == "step"]
        self.assertEqual(steps, list(range(1, len(steps) + 1)))
        weights = "model.safetensors"
        self.assertEqual((self.output / weights).read_bytes(), (whole / weights).read_bytes())

    def test_a_lost_terminal_saves_as_ctrl_c_does(self):
        arguments = [*self.arguments, "--epochs", "40", "--batch-size", "4", "--patience", "40"]
        code, said = interrupt(arguments, self.log_file, 20, signal.SIGHUP)
        self.assertEqual(code, 130, said)
        self.assertTrue(self.training_state().exists())
        self.run_program(*arguments, "--resume")

    def training_state(self):
        return pathlib.Path(str(self.output) + ".training") / "state" / "progress.json"

    def test_a_killed_run_goes_on_from_its_last_state(self):
        arguments = [*self.arguments, "--epochs", "40", "--batch-size", "4", "--patience", "40"]
        code, said = interrupt(arguments, self.log_file, 40, signal.SIGKILL)  # 27 steps an epoch
        self.assertEqual(code, -signal.SIGKILL, said)
        kept = json.loads(self.training_state().read_text())["step"]
        self.assertGreater(kept, 0)
        self.assertFalse(self.output.exists())
        self.run_program(*arguments, code=73)
        before = len(self.log())
        self.run_program(*arguments, "--resume")
        self.assertEqual(self.log()[before]["step"], kept + 1)
        self.assertEqual(self.left_over(), [])

    def left_over(self):
        mine = {"train.csv", self.output.name, self.log_file.name}
        return sorted(path.name for path in self.folder.iterdir() if path.name not in mine)

    def test_two_runs_into_one_output(self):
        # More epochs than it can train before the second has been refused, however late that one starts.
        arguments = [*self.arguments, "--epochs", "40000", "--batch-size", "4", "--patience", "40000"]
        first = start(*arguments, stderr=subprocess.PIPE)
        while not self.log_file.exists() and first.poll() is None:
            time.sleep(0.01)
        second = self.run_program(*arguments, "--log", str(self.folder / "2.jsonl"), code=73)
        self.assertIn(b"only run that writes this output", second.stderr)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 130)
        (self.folder / "2.jsonl").unlink(missing_ok=True)
        self.assertEqual(self.left_over(), ["model.training"])

    def test_labels_that_cannot_be_saved(self):
        rows = b"text,label\nmy card,carte\nmy money,d\xe9p\xf4t\n"
        data = self.write("latin.csv", rows)
        arguments = [data if a == self.data else a for a in self.arguments]
        refused = self.run_program(*arguments, code=65)
        self.assertIn(b"latin.csv:3", refused.stderr)
        self.assertIn("UTF-8", refused.stderr.decode())
        self.assertFalse(self.output.exists())

    def test_files_of_others_in_the_output_stay(self):
        shutil.copytree(BASE, self.output)
        self.output.chmod(0o750)
        data = self.output / "rows.csv"
        shutil.copy(self.data, data)
        arguments = [str(data) if a == self.data else a for a in self.arguments]
        self.run_program(*arguments, "--epochs", "1", code=73)
        self.run_program(*arguments, "--epochs", "1", "--force")
        self.assertEqual(data.read_bytes(), pathlib.Path(self.data).read_bytes())
        self.assertEqual(self.output.stat().st_mode & 0o777, 0o750)
        self.lines("predict", "--model", str(self.output), "my card")
        self.assertEqual(self.left_over(), [])

    def test_data_that_the_model_would_replace_are_refused(self):
        shutil.copytree(TRAINED, self.output)
        data = self.output / "vocab.txt"  # the trained model has none
        shutil.copy(self.data, data)
        (self.folder / "link.csv").symlink_to(data)
        arguments = [*self.arguments, "--epochs", "1", "--format", "csv", "--force"]
        for named in [str(data), str(self.folder / "link.csv")]:
            replaced = [named if a == self.data else a for a in arguments]
            for options in [replaced, [*arguments, "--validation", named]]:
                refused = self.run_program(*options, code=64)
                self.assertIn(b"replaced as a file of the model", refused.stderr)
        self.assertEqual(data.read_bytes(), pathlib.Path(self.data).read_bytes())

    def test_no_file_is_named_twice(self):
        content = pathlib.Path(self.data).read_bytes()
        link = self.folder / "link.csv"
        link.symlink_to(self.data)
        hard = self.folder / "hard.csv"
        os.link(self.data, hard)
        page = str(self.folder / "page.html")
        (self.folder / "ahead.html").symlink_to("page.html")  # which does not exist yet
        twice = [
            ["--log", self.data],
            ["--log", str(link)],
            ["--log", str(hard)],
            ["--report", str(hard)],
            ["--log", page, "--report", page],
            ["--log", page, "--report", str(self.folder / "." / "page.html")],
            ["--log", str(self.folder / "ahead.html"), "--report", page],
            ["--log", str(pathlib.Path(BASE) / "config.json")],
        ]
        for options in twice:
            refused = self.run_program(*self.arguments, *options, code=64)
            self.assertIn(b"file of its own", refused.stderr, options)
        self.assertEqual(pathlib.Path(self.data).read_bytes(), content)
        state = str(self.output) + ".training"
        for log in [str(self.output / "log.jsonl"), state + "/best.safetensors"]:
            self.run_program(*self.arguments, "--log", log, code=73)
        self.assertFalse(self.output.exists() or pathlib.Path(state).exists())

    def test_the_default_log_follows_no_link(self):
        precious = self.write("precious", "mine")
        self.log_file.symlink_to(precious)
        self.run_program(*self.arguments, "--epochs", "1", code=73)
        self.assertEqual(pathlib.Path(precious).read_text(), "mine")

    def test_the_current_folder_as_output(self):
        self.output.mkdir()
        arguments = ["train", "--model", BASE, "--train", self.data, "--output", "."]
        arguments += ["--epochs", "1", "--threads", "1"]
        for extra in [[], ["--force"]]:
            done = subprocess.run(
                [PROGRAM, *arguments, *extra],
                cwd=self.output,
                env=environment(),
                stderr=subprocess.PIPE,
                timeout=120,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("config.json", os.listdir(self.output))
        # A caller whose current folder it is still sees the model.
        script = '"$0" "$@" --force && "$0" predict --model . "my card"'
        done = subprocess.run(
            ["sh", "-c", script, PROGRAM, *arguments],
            cwd=self.output,
            env=environment(),
            capture_output=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.left_over(), [])

    def in_small_file_system(self, script, *arguments, size="32m"):
        """Runs a script where `disk` in our folder is a file system of that size."""
        (self.folder / "disk").mkdir(exist_ok=True)
        mount = f"mount -t tmpfs -o size={size} tmpfs disk || exit 99\n"
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", mount + script, PROGRAM, *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            timeout=120,
        )
        if done.returncode in (99, 1) and not (self.folder / "mounted").exists():
            self.skipTest(f"cannot mount here: {done.stderr.decode()}")
        return done

    def test_a_mounted_folder_as_output(self):
        script = """touch mounted
        "$0" "$@" --output disk || exit 2
        "$0" predict --model disk "my card" || exit 3
        "$0" "$@" --output disk && exit 4
        "$0" "$@" --output disk --force || exit 5
        rm disk/.fastintent.log.jsonl; ls -A disk > listing"""
        arguments = ["train", "--model", BASE, "--train", self.data, "--epochs", "1"]
        done = self.in_small_file_system(script, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        listing = (self.folder / "listing").read_text().split()
        self.assertIn("config.json", listing)
        self.assertEqual([name for name in listing if "fastintent." in name], ["fastintent.json"])

    def test_a_full_disk(self):
        script = """touch mounted
        "$0" "$@" 2> first; echo $? >> codes
        mount -o remount,size=32m disk
        "$0" "$@" --resume || exit 2
        rm -r disk/out
        "$0" "$@" --log log 2> second &
        until grep -q '"epoch",' log; do sleep 0.01; done 2> /dev/null
        kill -STOP $!
        head -c 40m /dev/zero > disk/filler 2> /dev/null
        kill -CONT $!
        wait $!; echo $? >> codes
        rm disk/filler
        "$0" "$@" --log log --resume || exit 3"""
        # Enough epochs for the disk to be filled before the last one.
        arguments = ["train", "--model", BASE, "--train", self.data, "--output", "disk/out"]
        arguments += ["--epochs", "400", "--patience", "400", "--batch-size", "4"]
        arguments += ["--threads", "1"]
        done = self.in_small_file_system(script, *arguments, size="60k")
        self.assertEqual(done.returncode, 0, done.stderr)
        refused, failed = (self.folder / "codes").read_text().split()
        self.assertEqual(refused, "73")
        self.assertIn("room for 2 models", (self.folder / "first").read_text())
        self.assertNotIn("epoch 1", (self.folder / "first").read_text())
        self.assertIn(failed, ["73", "74"])
        log = (self.folder / "log").read_text().splitlines()
        steps = [json.loads(line)["step"] for line in log]
        self.assertEqual(steps.count(1), 1, "trained again from the start")

    def test_a_terminal_shows_a_bar(self):
        master, terminal = pty.openpty()
        process = subprocess.Popen(
            [PROGRAM, *self.arguments, "--epochs", "2"],
            stderr=terminal,
            env=environment(TERM="xterm"),
        )
        os.close(terminal)
        said = b""
        while process.poll() is None or select.select([master], [], [], 0)[0]:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    said += os.read(master, 65536)
                except OSError:  # how Linux reports that the other end is closed
                    break
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertRegex(said, rb"\[=+ *\] step \d+/\d+, epoch [\d.]+, loss [\d.]+")
        self.assertIn(b"examples/s", said)

    def test_unusable_calls(self):
        one = self.write("one.csv", "text,label\na,b\nc,b\n")
        broken = self.write("broken.csv", 'text,label\n"a,b\n')
        train = ["train", "--model", BASE, "--output", str(self.output), "--train"]
        self.run_program(*train, one, code=65)
        self.run_program(*train, broken, code=65)
        self.run_program(*train, str(self.folder / "none.csv"), code=66)
        self.run_program(*train, self.data, "--epochs", "0", code=64)
        self.run_program(*train, self.data, "--dropout", "nan", code=64)
        self.run_program(*train, self.data, "--pooling", "max", code=64)
        self.run_program(*train, self.data, "--device", "cuda", code=69)
        self.assertFalse(self.output.exists())

    def test_several_processes_need_gpus(self):
        arguments = [*self.arguments, "--epochs", "1", "--device", "cpu"]
        launched = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_PORT": ""}
        refused = self.run_program(*arguments, code=64, **launched)
        self.assertIn(b"expected the device cuda for 2 processes", refused.stderr)
        second = self.run_program(*arguments, code=64, **launched | {"RANK": "1", "LOCAL_RANK": "1"})
        self.assertIn(b"expected the device cuda", second.stderr)
        self.assertEqual(second.stderr.count(b"\n"), 1, "all but the first say nothing else")
        for variables, part in [
            (launched | {"RANK": "2"}, b"RANK: expected a whole number from 0 to 1, found 2"),
            ({"OMPI_COMM_WORLD_SIZE": "2"}, b"OMPI_COMM_WORLD_RANK: expected a whole number"),
        ]:
            self.assertIn(part, self.run_program(*arguments, code=64, **variables).stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["train.csv"])
        self.run_program(*arguments, RANK="0", WORLD_SIZE="1", LOCAL_RANK="0")
        self.assertTrue(self.output.is_dir())

    def test_places_that_cannot_be_written(self):
        blocked = self.write("file", "")
        arguments = ["train", "--model", BASE, "--train", self.data]
        self.run_program(*arguments, "--output", blocked + "/model", code=73)
        log = str(self.folder)
        self.run_program(*self.arguments, "--log", log, code=73)
        self.assertFalse((self.output / "config.json").exists())


if __name__ == "__main__":
    unittest.main()
