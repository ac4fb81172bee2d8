package planpb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"go.yaml.in/yaml/v3"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds on a folder.
const (
	// MaxFileBytes is how large one file may be; MaxBytes is how large all of them may be together.
	MaxFileBytes = 4 << 20
	MaxBytes     = 64 << 20
	// MaxFiles is how many files there may be.
	MaxFiles = 1000
	// MaxViolations is how many mistakes are reported at once.
	MaxViolations = 200
)

// ReadFS reads the plan in a folder of YAML, see the package documentation for its form, and where everything in it
// stands. Files and folders whose name begins with a dot are passed over. An error is a [*veiviser.Error] of KindInvalid
// and INVALID_PLAN whose violations are all that is wrong with the form, each with its Position, up to [MaxViolations].
// Whether the plan makes sense is not looked at.
func ReadFS(fsys fs.FS) (*veiviserv1.Plan, *Sources, error) {
	names, err := planFiles(fsys)
	if err != nil {
		return nil, nil, err
	}
	r := reader{plan: &veiviserv1.Plan{}, sources: &Sources{files: names}}
	left := MaxBytes
	for i, name := range names {
		data, err := readFile(fsys, name)
		if err != nil {
			return nil, nil, err
		}
		if left -= len(data); left < 0 {
			return nil, nil, refused(nil, "the plan is larger than %d MiB", MaxBytes>>20)
		}
		r.file = i
		r.read(data)
	}
	if len(r.violations) > 0 {
		err := refused(nil, "the plan cannot be read: %s", plural(len(r.violations), "mistake"))
		err.Violations = r.violations
		return nil, nil, err
	}
	return r.plan, r.sources, nil
}

// planFiles lists the files of a plan in the order of their paths.
func planFiles(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml":
		case len(names) == MaxFiles:
			return fmt.Errorf("more than %d files", MaxFiles)
		default:
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, refused(err, "the folder of the plan cannot be read: %v", err)
	}
	if len(names) == 0 {
		return nil, refused(nil, "the folder of the plan holds no file ending in .yaml or .yml")
	}
	return names, nil
}

// readFile reads one file of the plan, no more than is allowed of it.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, refused(err, "%s cannot be read: %v", name, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, refused(err, "%s cannot be read: %v", name, err)
	}
	if len(data) > MaxFileBytes {
		return nil, refused(nil, "%s is larger than %d MiB; spread the plan over several files, or write large catalogues with UpsertItems",
			name, MaxFileBytes>>20)
	}
	return data, nil
}

func refused(cause error, format string, args ...any) *veiviser.Error {
	return veiviser.Failed(veiviser.KindInvalid, veiviser.ReasonInvalidPlan, cause, format, args...)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// reader gathers a plan and what is wrong with it.
type reader struct {
	plan       *veiviserv1.Plan
	sources    *Sources
	file       int
	violations []veiviser.Violation
}

// read adds one file to the plan.
func (r *reader) read(data []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			r.syntax(err)
		}
		return // nothing but comments
	}
	if err := dec.Decode(&more); err == nil {
		r.fail(more.Line, nil, "a file holds one document only; put what comes after --- into a file of its own")
	} else if !errors.Is(err, io.EOF) {
		r.syntax(err)
	}
	for _, n := range doc.Content {
		if n.Tag == nullTag && n.Kind == yaml.ScalarNode {
			continue
		}
		r.message(n, r.plan.ProtoReflect(), &r.sources.root, nil)
	}
}

// lineOf finds the line in a message of the YAML parser.
var lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax reports that a file is no YAML.
func (r *reader) syntax(err error) {
	text, line := err.Error(), 1
	if m := lineOf.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	r.fail(line, nil, "this is no YAML: %s", clip(text))
}

// full reports whether nobody wants to hear of more mistakes.
func (r *reader) full() bool { return len(r.violations) == MaxViolations }

// fail reports a mistake; it is what all other mistakes go through.
func (r *reader) fail(line int, path *trail, format string, args ...any) {
	if r.full() {
		return
	}
	v := veiviser.Violation{
		Field: path.String(), Message: fmt.Sprintf(format, args...), Position: fmt.Sprintf("%s:%d", r.sources.files[r.file], line),
	}
	if len(r.violations) == MaxViolations-1 {
		v.Field, v.Message = "", "there are more mistakes from here on; mend those above first"
	}
	r.violations = append(r.violations, v)
}
