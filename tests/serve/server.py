"""Runs the server as a user would; shared by the tests beside it."""

import os
import pathlib
import re
import subprocess
import threading

PROGRAM = os.environ["FASTINTENT_TEST_PROGRAM"]
SERVER = os.environ["FASTINTENT_TEST_SERVER"]
TRAINED = str(pathlib.Path(os.environ["FASTINTENT_TEST_MODELS"]) / "bert_pooler" / "model")


class Server:
    """The model `TRAINED` under the name `intents`, at an address of its own."""

    def __init__(self, *arguments):
        command = [
            SERVER,
            "--model",
            f"intents={TRAINED}",
            "--port",
            "0",
            "--access-log",
            "off",
            "--precision",
            "fp32",
            *arguments,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        said = []
        for line in self.process.stderr:
            said.append(line.decode())
            if url := re.search(r"ready: (http://(\S+))", said[-1]):
                self.url, self.address = url.groups()
                break
        else:
            raise AssertionError("expected a line with the address, found:\n" + "".join(said))
        # Nobody reads its log, which must not fill the pipe.
        self.drain = threading.Thread(target=self.process.stderr.read)
        self.drain.start()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.drain.join()
        self.process.stderr.close()
