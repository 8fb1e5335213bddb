"""What verifications found, as text, JSON, Markdown, JUnit XML, HTML and annotations of GitHub."""
