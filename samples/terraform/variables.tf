variable "endpoint" {
  description = "The outside URL of app_client_authz with its prefix."
  type        = string
  default     = "http://localhost:5000/auth"
}

variable "region" {
  description = "AUTHZ_REGION of the site."
  type        = string
  default     = "us-east-1"
}

variable "access_key" {
  description = "An access key ID: flask authz access-key create"
  type        = string
  sensitive   = true
}

variable "secret_key" {
  description = "The secret that was shown with it."
  type        = string
  sensitive   = true
}

variable "access_token_minutes" {
  description = "How long an access token of the web client lives."
  type        = number
  default     = 60
}
