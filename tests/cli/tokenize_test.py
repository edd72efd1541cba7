"""fastintent tokenize"""

import unittest

from program import TRAINED, ProgramTest


class TokenizeTest(ProgramTest):
    def test_one_array_a_text_in_order(self):
        ids = self.lines("tokenize", "--model", TRAINED, "one text", "", "[a, b]")
        self.assertEqual(len(ids), 3)
        self.assertEqual(len(ids[1]), 2)  # a blank text: the two special tokens
        for row in ids:
            self.assertEqual((row[0], row[-1]), (ids[1][0], ids[1][1]))

    def test_arguments_files_and_standard_input_agree(self):
        typed = self.lines("tokenize", "--model", TRAINED, "one text", 'say "two"')
        piped = self.lines("tokenize", "--model", TRAINED, stdin=b'one text\nsay "two"\n')
        csv = self.write("texts.csv", 'n,text\n1,one text\n2,"say ""two"""\n')
        jsonl = self.write("texts.jsonl", '{"text":"one text"}\n{"text":"say \\"two\\""}\n')
        self.assertEqual(typed, piped)
        self.assertEqual(typed, self.lines("tokenize", "--model", TRAINED, "--input", csv))
        self.assertEqual(typed, self.lines("tokenize", "--model", TRAINED, "--input", jsonl))

    def test_max_length(self):
        (ids,) = self.lines("tokenize", "--model", TRAINED, "--max-length", "5", "a b c d e f g h")
        self.assertEqual(len(ids), 5)
        self.run_program("tokenize", "--model", TRAINED, "--max-length", "1", "a", code=64)

    def test_invalid_bytes_are_tokenized(self):
        self.assertEqual(len(self.lines("tokenize", "--model", TRAINED, stdin=b"a\xff\x00b\n")), 1)

    def test_missing_things(self):
        self.run_program("tokenize", "--model", str(self.folder / "none"), "x", code=66)
        self.run_program("tokenize", "--model", TRAINED, "--input", str(self.folder / "none"), code=66)


if __name__ == "__main__":
    unittest.main()
