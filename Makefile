# The five tasks of daily work; CONTRIBUTING.md says when to use which.
# The tools are pinned in internal/tools/*/go.mod and built by Go on first use.

buf    := go tool -modfile=internal/tools/buf/go.mod buf
linter := go tool -modfile=internal/tools/lint/go.mod golangci-lint

.PHONY: generate lint test bench run

generate: third_party/proto
	$(buf) generate --template proto/buf.gen.yaml

lint: third_party/proto
	$(buf) lint
	$(buf) format --diff --exit-code proto
	$(linter) run ./...
	go vet ./...

test:
	go test ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

run:
	go run ./server

# The imported .proto files, printed again whenever their versions change.
third_party/proto: internal/tools/gen/go.mod internal/tools/gen/protodeps/main.go
	rm -rf $@
	go run -C internal/tools/gen ./protodeps -out ../../../$@ \
		google/api/annotations.proto google/api/field_behavior.proto \
		google/rpc/status.proto google/rpc/error_details.proto \
		buf/validate/validate.proto
	touch $@
