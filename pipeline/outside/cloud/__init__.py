"""Cloud Storage and BigQuery."""
