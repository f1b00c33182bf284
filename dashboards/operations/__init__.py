"""What the dashboards write besides the close."""
