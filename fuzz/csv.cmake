add_fastintent_fuzz(csv data)
