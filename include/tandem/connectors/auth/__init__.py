"""Ways to sign in, as httpx knows them: headers, OAuth2 client credentials, device code."""
