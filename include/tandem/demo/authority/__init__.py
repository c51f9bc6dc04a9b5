"""A simulated Microsoft Entra authority: client credentials, device code, refresh tokens."""
