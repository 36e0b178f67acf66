"""The morning data flows of a school district, between its vendors and BigQuery, as one Luigi graph."""
