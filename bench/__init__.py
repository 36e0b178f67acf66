"""The measured comparisons; nothing here is a part of the pipeline."""
