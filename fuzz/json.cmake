add_fastintent_fuzz(json checkpoint)
