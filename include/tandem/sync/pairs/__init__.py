"""What is to be done to each pair of records: partners found, pairs laid out, plans staged."""
