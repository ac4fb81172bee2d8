// Command protodeps writes the third-party .proto files that our schema
// imports, printed from the descriptors linked into their Go packages.
//
// Buf needs the text of every imported file. Printing it from the Go modules
// keeps one pinned version of each in go.mod, needs no schema registry and
// leaves no copied files in git. Comments are lost in the printed text; names,
// numbers and options are those of the original.
//
//	go run -C internal/tools/gen ./protodeps -out ../../../third_party/proto \
//	    google/api/annotations.proto buf/validate/validate.proto
//
// Every named file is written with all its imports, except google/protobuf/*,
// which Buf brings along.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Linked for their descriptors: the files that can be asked for.
	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
)

func main() {
	out := flag.String("out", "", "folder to write to; it is created when missing")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// run writes the named files and everything they import below out.
func run(out string, names []string) error {
	if out == "" || len(names) == 0 {
		return errors.New("usage: protodeps -out FOLDER FILE.proto ...")
	}
	done := map[string]bool{}
	for _, name := range names {
		file, err := protoregistry.GlobalFiles.FindFileByPath(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := write(out, file, done); err != nil {
			return err
		}
	}
	return nil
}

// write prints one file after those it imports; done holds the paths already seen.
func write(out string, file protoreflect.FileDescriptor, done map[string]bool) error {
	if done[file.Path()] || strings.HasPrefix(file.Path(), "google/protobuf/") {
		return nil
	}
	done[file.Path()] = true
	imports := file.Imports()
	for i := range imports.Len() {
		if err := write(out, imports.Get(i).FileDescriptor, done); err != nil {
			return err
		}
	}
	text, err := (&protoprint.Printer{}).PrintProtoToString(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Path(), err)
	}
	name := filepath.Join(out, filepath.FromSlash(file.Path()))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
