"""The JSON face: the Cognito user pools API (``X-Amz-Target``), over HTTP and in-process."""
