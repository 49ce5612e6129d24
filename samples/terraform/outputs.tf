output "user_pool_id" {
  value = aws_cognito_user_pool.shop.id
}

output "issuer" {
  value = "${var.endpoint}/${aws_cognito_user_pool.shop.id}"
}

output "web_client_id" {
  value = aws_cognito_user_pool_client.web.id
}

output "web_client_secret" {
  value     = aws_cognito_user_pool_client.web.client_secret
  sensitive = true
}

output "machine_client_id" {
  value = aws_cognito_user_pool_client.machine.id
}
