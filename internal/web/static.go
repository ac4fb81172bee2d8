package web

import (
	"embed"
	"net/http"

	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/proto/openapi"
)

//go:embed static
var files embed.FS

// policy lets the start page load its own files and call the service, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// static serves the start page and the OpenAPI document.
func static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := map[string]string{
			"/": "static/index.html", "/start.js": "static/start.js", "/start.css": "static/start.css", "/openapi.json": "",
		}
		file, ok := name[r.URL.Path]
		switch {
		case !ok:
			refuse(w, codes.NotFound, problem{reason: reasonNoRoute, message: "there is nothing here; see /openapi.json"})
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeStatus(w, problem{reason: reasonNoRoute, message: "this path takes other methods"}.of(codes.Unimplemented), http.StatusMethodNotAllowed)
		case file == "":
			w.Header().Set("Content-Type", mimeJSON)
			_, _ = w.Write(openapi.Document)
		default:
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.ServeFileFS(w, r, files, file)
		}
	})
}
