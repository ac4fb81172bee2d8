// Package openapi holds the OpenAPI document of the HTTP API, generated from the contract by "make generate".
package openapi

import _ "embed"

// Document is the whole API as OpenAPI 2.0 JSON. It must not be changed.
//
//go:embed veiviser.swagger.json
var Document []byte
