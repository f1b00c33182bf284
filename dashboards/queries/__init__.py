"""What the dashboards' pages show: one function a page, returning frozen values."""
