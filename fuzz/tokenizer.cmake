add_fastintent_fuzz(tokenizer text)
