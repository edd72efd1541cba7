"""One file for each peer that has a format of its own: convert(checkpoint, precision, output, made, calibration).

checkpoint: folder of transformers' BertForSequenceClassification. output: an empty folder. made: folder of what the
same converter made in fp32, for those that quantise it. calibration: texts that look like the queries.
"""
