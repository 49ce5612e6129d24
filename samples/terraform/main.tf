# A user pool with its app clients on app_client_authz, by the AWS provider. README.md says how to run it.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region     = var.region
  access_key = var.access_key
  secret_key = var.secret_key

  # There is no AWS behind this: only the user pools API is ever called.
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {
    cognitoidp = var.endpoint
  }
}

resource "aws_cognito_user_pool" "shop" {
  name                     = "shop"
  auto_verified_attributes = ["email"]
  alias_attributes         = ["email"]

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 3
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  schema {
    name                = "department"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {
      min_length = 1
      max_length = 64
    }
  }

  tags = {
    team = "orders"
  }
}

resource "aws_cognito_user_pool_domain" "shop" {
  domain       = "shop-login"
  user_pool_id = aws_cognito_user_pool.shop.id
}

resource "aws_cognito_resource_server" "orders" {
  identifier   = "orders"
  name         = "Orders"
  user_pool_id = aws_cognito_user_pool.shop.id

  scope {
    scope_name        = "read"
    scope_description = "Look at orders"
  }
  scope {
    scope_name        = "write"
    scope_description = "Change orders"
  }
}

# A single-page app: no secret.
resource "aws_cognito_user_pool_client" "spa" {
  name         = "spa"
  user_pool_id = aws_cognito_user_pool.shop.id

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email", "profile"]
  callback_urls                        = ["http://localhost:5173/callback"]
  logout_urls                          = ["http://localhost:5173/"]
  supported_identity_providers         = ["COGNITO"]
  prevent_user_existence_errors        = "ENABLED"
}

# A server-side web app: a secret, its own lifetimes.
resource "aws_cognito_user_pool_client" "web" {
  name            = "web"
  user_pool_id    = aws_cognito_user_pool.shop.id
  generate_secret = true

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email", "${aws_cognito_resource_server.orders.identifier}/read"]
  callback_urls                        = ["https://shop.example/callback", "http://localhost:5000/callback"]
  default_redirect_uri                 = "https://shop.example/callback"
  logout_urls                          = ["https://shop.example/"]
  supported_identity_providers         = ["COGNITO"]
  explicit_auth_flows                  = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  read_attributes                      = ["email", "email_verified", "name", "custom:department"]
  write_attributes                     = ["email", "name"]

  access_token_validity  = var.access_token_minutes
  id_token_validity      = 60
  refresh_token_validity = 30
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

# A service that calls others: client credentials with custom scopes.
resource "aws_cognito_user_pool_client" "machine" {
  name            = "machine"
  user_pool_id    = aws_cognito_user_pool.shop.id
  generate_secret = true

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = aws_cognito_resource_server.orders.scope_identifiers
}

resource "aws_cognito_user_group" "staff" {
  name         = "staff"
  user_pool_id = aws_cognito_user_pool.shop.id
  description  = "People of the shop"
  precedence   = 10
}

resource "aws_cognito_user" "kim" {
  user_pool_id   = aws_cognito_user_pool.shop.id
  username       = "kim"
  message_action = "SUPPRESS"

  # The provider puts "custom:" before names that are no standard attributes.
  attributes = {
    department     = "orders"
    email          = "kim@example.com"
    email_verified = true
  }
}

resource "aws_cognito_user_in_group" "kim" {
  user_pool_id = aws_cognito_user_pool.shop.id
  group_name   = aws_cognito_user_group.staff.name
  username     = aws_cognito_user.kim.username
}
