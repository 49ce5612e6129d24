"""The OAuth 2.0 and OpenID Connect face, on Authlib's grant classes."""
