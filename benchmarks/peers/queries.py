"""The texts that all answer: labelled rows of a CSV file with the columns `text` and `category`."""

import csv


def read_rows(path):
    """(text, label) of every row whose text did not stand before: each query shall be work."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = {row["text"]: row["category"] for row in csv.DictReader(file)}
    return list(rows.items())


def spread(items, count):
    """`count` of the items, evenly spaced: files are often in the order of their labels."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def sort_by_length(texts, checkpoint):
    """The texts by number of tokens, which a server that may wait for more queries could arrange."""
    import tokenizers  # imported here: the rest needs no installed package

    tokenizer = tokenizers.Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_padding()
    lengths = {text: len(row.ids) for text, row in zip(texts, tokenizer.encode_batch_fast(texts))}
    return sorted(texts, key=lengths.get)
