"""The server answers the clients that people have, as they are installed from PyPI.

scripts/serve_tests.sh runs this in the environment of scripts/serve_environment.sh. What every client shows is compared
with what `fastintent predict` writes for the same texts.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
import huggingface_hub
import numpy
import tritonclient.http
from azure.ai.language.conversations import ConversationAnalysisClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from server import PROGRAM, TRAINED, Server
from tritonclient.utils import InferenceServerException

TEXTS = ["Where is my card?", "I want to close my account", "größe 你好"]
LABELS = ["card_lost", "card_arrival", "transfer_failed", "change_pin", "close_account"]  # id2label order


def setUpModule():
    global server
    server = Server()
    unittest.addModuleCleanup(server.stop)


def offline():
    """What `fastintent predict` answers: for each text a list of (intent, confidence), best first, and the logits."""
    done = subprocess.run(
        [PROGRAM, "predict", "--model", TRAINED, "--top-k", "9", "--logits"],
        input="\n".join(TEXTS).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    rankings = [[(each["intent"], each["confidence"]) for each in [line, *line["alternatives"]]] for line in lines]
    return rankings, [line["logits"] for line in lines]


def request(path, body=None, **headers):
    """Status and body of an answer, read as JSON where it is that."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, (dict, list)):
        headers.setdefault("Content-Type", "application/json")
    one = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(one, timeout=30) as answer:
            status, content, kind = answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            status, content, kind = error.code, error.read(), error.headers["Content-Type"]
    return status, json.loads(content) if kind == "application/json" else content.decode()


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rankings, cls.logits = offline()

    def assert_ranking(self, found, expected, label="label", score="score"):
        """Pairs in order; a client may read a float32's digits as a double."""
        self.assertEqual([one[label] for one in found], [intent for intent, _ in expected])
        numpy.testing.assert_allclose([one[score] for one in found], [number for _, number in expected], rtol=1e-6)


class HuggingFaceTest(ClientTest):
    def classify(self, path, text, **parameters):
        client = huggingface_hub.InferenceClient(model=server.url + path)
        return [vars(one) for one in client.text_classification(text, **parameters)]

    def test_both_addresses(self):
        for path in ("", "/models/intents"):
            for text, ranking in zip(TEXTS, self.rankings, strict=True):
                with self.subTest(path=path, text=text):
                    self.assert_ranking(self.classify(path, text), ranking)

    def test_top_k_counts_all_answers(self):
        self.assert_ranking(self.classify("/models/intents", TEXTS[0], top_k=2), self.rankings[0][:2])

    def test_functions(self):
        by_logit = sorted(zip(LABELS, self.logits[0], strict=True), key=lambda one: -one[1])
        found = self.classify("", TEXTS[0], function_to_apply="none")
        self.assert_ranking(found, by_logit)
        found = self.classify("", TEXTS[0], function_to_apply="sigmoid")
        self.assert_ranking(found, [(label, 1 / (1 + numpy.exp(-logit))) for label, logit in by_logit])

    def test_unknown_model(self):
        with self.assertRaises(huggingface_hub.errors.HfHubHTTPError) as caught:
            self.classify("/models/none", TEXTS[0])
        self.assertEqual(caught.exception.response.status_code, 404)


class TritonTest(ClientTest):
    def setUp(self):
        self.client = tritonclient.http.InferenceServerClient(server.address)
        self.addCleanup(self.client.close)

    def texts(self, binary=True, shape=None):
        shape = shape or [len(TEXTS)]
        tensor = tritonclient.http.InferInput("text", shape, "BYTES")
        tensor.set_data_from_numpy(numpy.array(TEXTS, dtype=object).reshape(shape), binary_data=binary)
        return [tensor]

    def test_state(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("intents"))
        self.assertFalse(self.client.is_model_ready("none"))
        self.assertEqual(self.client.get_server_metadata()["name"], "fastintent")
        metadata = self.client.get_model_metadata("intents")
        self.assertEqual(metadata["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1, 1]}])
        version = metadata["versions"][0]
        self.assertTrue(self.client.is_model_ready("intents", version))
        self.assertEqual(self.client.get_model_config("intents")["input"][0]["data_type"], "TYPE_STRING")
        self.assertEqual([one["name"] for one in self.client.get_model_repository_index()], ["intents"])

    def test_statistics(self):
        def count():
            return self.client.get_inference_statistics("intents")["model_stats"][0]["inference_count"]

        before = count()
        self.client.infer("intents", self.texts())
        self.assertEqual(count(), before + len(TEXTS))

    def test_inputs_without_names_of_outputs(self):
        for binary in (True, False):
            for shape in ([len(TEXTS)], [len(TEXTS), 1]):
                with self.subTest(binary=binary, shape=shape):
                    answer = self.client.infer("intents", self.texts(binary, shape), request_id="r1")
                    self.assertEqual(answer.get_response()["id"], "r1")
                    labels = [label.decode() for label in answer.as_numpy("label")]
                    self.assertEqual(labels, [ranking[0][0] for ranking in self.rankings])
                    scores = [ranking[0][1] for ranking in self.rankings]
                    numpy.testing.assert_allclose(answer.as_numpy("score"), scores, rtol=1e-6)

    def test_outputs(self):
        for binary in (True, False):
            with self.subTest(binary=binary):
                names = ["label", "index", "output-0", "logits", "probabilities"]
                outputs = [tritonclient.http.InferRequestedOutput(name, binary_data=binary) for name in names]
                answer = self.client.infer("intents", self.texts(), outputs=outputs)
                indices = [LABELS.index(ranking[0][0]) for ranking in self.rankings]
                for name in ("index", "output-0"):
                    self.assertEqual(answer.as_numpy(name).tolist(), indices)
                numpy.testing.assert_allclose(answer.as_numpy("logits"), self.logits, rtol=1e-6)
                rows = [[dict(ranking)[label] for label in LABELS] for ranking in self.rankings]
                numpy.testing.assert_allclose(answer.as_numpy("probabilities"), rows, rtol=1e-6)

    def test_classification(self):
        output = tritonclient.http.InferRequestedOutput("score", class_count=2)
        answer = self.client.infer("intents", self.texts(), outputs=[output]).as_numpy("score")
        self.assertEqual(answer.shape, (len(TEXTS), 2))
        for row, ranking in zip(answer, self.rankings, strict=True):
            for line, (intent, confidence) in zip(row, ranking, strict=False):
                number, index, label = line.decode().split(":")
                self.assertEqual((label, int(index)), (intent, LABELS.index(intent)))
                self.assertAlmostEqual(float(number), confidence, places=6)

    def test_timeout(self):
        self.client.infer("intents", self.texts(), timeout=30_000_000)

    def test_failures(self):
        number = tritonclient.http.InferInput("text", [1], "FP32")
        number.set_data_from_numpy(numpy.zeros(1, dtype=numpy.float32))
        unknown = tritonclient.http.InferRequestedOutput("none")
        for arguments, options, message in (
            (("none", self.texts()), {}, "served model"),
            (("intents", [number]), {}, "BYTES"),
            (("intents", self.texts()), {"outputs": [unknown]}, "another name"),
        ):
            with self.subTest(message=message), self.assertRaisesRegex(InferenceServerException, message):
                self.client.infer(*arguments, **options)


class SagemakerTest(ClientTest):
    def setUp(self):
        self.client = boto3.client(
            "sagemaker-runtime",
            region_name="eu-west-1",
            endpoint_url=server.url,
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        self.addCleanup(self.client.close)

    def invoke(self, body, kind="application/json", name="intents"):
        answer = self.client.invoke_endpoint(EndpointName=name, ContentType=kind, Body=body)
        return answer["Body"].read().decode()

    def test_json(self):
        found = json.loads(self.invoke(json.dumps({"inputs": [[text] for text in TEXTS]})))
        for one, ranking in zip(found, self.rankings, strict=True):
            self.assert_ranking(one, ranking)

    def test_lines(self):
        for kind in ("text/csv", "text/plain"):
            with self.subTest(kind=kind):
                labels = self.invoke("\n".join(TEXTS) + "\n", kind).splitlines()
                self.assertEqual(labels, [ranking[0][0] for ranking in self.rankings])

    def test_failure(self):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.invoke("{}")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)


class AzureTest(ClientTest):
    def analyze(self, text, project="intents"):
        with ConversationAnalysisClient(server.url, AzureKeyCredential("none")) as client:
            return client.analyze_conversation(
                {
                    "kind": "Conversation",
                    "analysisInput": {"conversationItem": {"id": "1", "participantId": "1", "text": text}},
                    "parameters": {"projectName": project, "deploymentName": "production"},
                }
            )

    def test_answer(self):
        result = self.analyze(TEXTS[2])["result"]
        self.assertEqual(result["query"], TEXTS[2])
        self.assertEqual(result["prediction"]["topIntent"], self.rankings[2][0][0])
        self.assert_ranking(result["prediction"]["intents"], self.rankings[2], "category", "confidenceScore")

    def test_failures(self):
        for text, project, status in ((" ", "intents", 400), ("a", "none", 404)):
            with self.subTest(status=status), self.assertRaises(HttpResponseError) as caught:
                self.analyze(text, project)
            self.assertEqual(caught.exception.status_code, status)


class PlainTest(ClientTest):
    """Protocols without a client of their own: the request of their documentation."""

    def test_native(self):
        status, answer = request("/v1/predict", {"texts": [*TEXTS, " "], "top_k": 2, "echo": True})
        self.assertEqual((status, answer["model"]), (200, "intents"))
        for text, one, ranking in zip(TEXTS, answer["predictions"], self.rankings, strict=False):
            self.assertEqual((one["text"], one["intent"]), (text, ranking[0][0]))
            self.assert_ranking(one["alternatives"], ranking[1:3], "intent", "confidence")
        self.assertIn("blank", answer["predictions"][-1]["error"])
        status, answer = request("/v1/predict", {"text": TEXTS[0]})
        self.assertEqual((status, answer["intent"]), (200, self.rankings[0][0][0]))

    def test_lines_are_those_of_the_command_line(self):
        for i in range(20):  # none is in the cache, so the connection waits for the engine alone
            texts = [f"{text} {i}" for text in TEXTS]
            command = [PROGRAM, "predict", "--model", TRAINED]
            expected = subprocess.run(command, input="\n".join(texts).encode(), stdout=subprocess.PIPE, check=True)
            body = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
            status, lines = request("/v1/predict", body, Content_Type="application/x-ndjson")
            self.assertEqual((status, lines), (200, expected.stdout.decode()))

    def test_text_embeddings_inference(self):
        status, answer = request("/predict", {"inputs": TEXTS[0]})
        self.assertEqual(status, 200)
        self.assert_ranking(answer, self.rankings[0])
        status, answer = request("/predict", {"inputs": TEXTS})
        self.assertEqual((status, answer["error_type"]), (422, "Validation"))
        status, answer = request("/info")
        self.assertEqual(list(answer["model_type"]["classifier"]["id2label"].values()), LABELS)

    def test_vllm(self):
        self.assertEqual(request("/v1/models")[1]["data"][0]["id"], "intents")
        for path in ("/classify", "/v1/classify"):
            status, answer = request(path, {"model": "intents", "input": TEXTS})
            self.assertEqual(status, 200)
            for one, ranking in zip(answer["data"], self.rankings, strict=True):
                self.assertEqual((one["label"], one["num_classes"]), (ranking[0][0], len(LABELS)))
                rows = [dict(ranking)[label] for label in LABELS]
                numpy.testing.assert_allclose(one["probs"], rows, rtol=1e-6)
        self.assertEqual(request("/classify", {"input": [[1, 2]]})[0], 400)

    def test_kserve_and_vertex(self):
        body = {"instances": [TEXTS[0], {"inputs": TEXTS[1]}, {"text": TEXTS[2]}], "parameters": {"top_k": 2}}
        for path in ("/v1/models/intents:predict", "/vertex", "/invocations"):
            with self.subTest(path=path):
                status, answer = request(path, body)
                self.assertEqual(status, 200)
                for one, ranking in zip(answer["predictions"], self.rankings, strict=True):
                    self.assert_ranking(one, ranking[:2])

    def test_mlflow(self):
        labels = [ranking[0][0] for ranking in self.rankings]
        for body in (
            {"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}},
            {"dataframe_records": [{"text": text} for text in TEXTS]},
        ):
            status, answer = request("/invocations", body)
            self.assertEqual((status, [one["label"] for one in answer["predictions"]]), (200, labels))

    def test_rasa(self):
        status, answer = request("/model/parse", {"text": TEXTS[1], "message_id": "1"})
        self.assertEqual((status, answer["intent"]["name"]), (200, self.rankings[1][0][0]))
        self.assert_ranking(answer["intent_ranking"], self.rankings[1], "name", "confidence")

    def test_every_curl_line_of_the_documentation(self):
        document = pathlib.Path(__file__).parents[2] / "docs" / "serving.md"
        clients = document.read_text().partition("\n## Clients\n")[2].partition("\n## ")[0]
        lines = re.findall(r"^curl (?:.*\\\n)*.*$", clients, re.MULTILINE)
        self.assertGreaterEqual(len(lines), 7)
        for line in lines:
            with self.subTest(line=line):
                command = line.replace("http://127.0.0.1:8080", server.url).replace("curl", "curl --fail --silent", 1)
                done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 0)
                self.assertTrue(done.stdout)


class DescriptionTest(unittest.TestCase):
    def test_the_server_keeps_to_its_openapi_description(self):
        tool = pathlib.Path(sys.executable).parent / "schemathesis"
        options = ["--seed=1", "--max-examples=5", "--phases=examples,coverage,fuzzing", "--no-color"]
        # A schema cannot say that a text must not be blank, and for the servers whose protocols these are, null is
        # often as good as an absent member.
        options.append("--exclude-checks=positive_data_acceptance,negative_data_rejection")
        with tempfile.TemporaryDirectory() as folder:  # for the examples that it keeps
            done = subprocess.run(
                [tool, "run", server.url + "/openapi.json", *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": os.path.dirname(__file__)},
                cwd=folder,
                check=False,
            )
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-8000:])


if __name__ == "__main__":
    unittest.main()
