"""Writes the character map of the normalizer Precompiled, as SentencePiece does."""

import struct

END = 0  # the label of the value of a key
FREE = 1 << 31 | 255  # a unit that no label matches


class _Units:
    """A double array: the children of a unit are at its base, by exclusive or with their bytes."""

    def __init__(self):
        self.units = [FREE] * 256
        self.taken = {0}
        self.bases = {0}  # of one unit each
        self.next = 1

    def place(self, labels):
        """A base with a free unit for each label."""
        base = self.next
        while base in self.bases or any(base ^ label in self.taken for label in labels):
            base += 1
        if len(labels) == 1:
            self.next = base
        self.bases.add(base)
        while len(self.units) <= base | 255:
            self.units.extend([FREE] * 256)
        self.taken.update(base ^ label for label in labels)
        return base


def charsmap(mapping):
    """The map that replaces each key of `mapping` by its value, as the bytes of `precompiled_charsmap`."""
    strings = bytearray()
    trie = {}
    for key, value in mapping.items():
        node = trie
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[END] = len(strings)
        strings += value.encode() + b"\0"
    array = _Units()
    array.units[0] = 0
    open_nodes = [(trie, 0)]
    while open_nodes:
        node, at = open_nodes.pop()
        base = array.place(list(node))
        offset = base ^ at
        assert offset < 1 << 21
        array.units[at] = offset << 10 | (END in node) << 8 | array.units[at] & 255
        for label, child in node.items():
            array.units[base ^ label] = child if label == END else label
            if label != END:
                open_nodes.append((child, base ^ label))
    return struct.pack(f"<I{len(array.units)}I", 4 * len(array.units), *array.units) + bytes(strings)
