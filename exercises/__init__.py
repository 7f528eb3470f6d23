"""What to do: assignments as folders of TOML and Markdown, and the loader that reads them."""
