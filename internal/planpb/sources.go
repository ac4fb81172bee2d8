package planpb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Sources tells where the parts of a plan stand in the files it was read from. It is not changed by use and safe for
// concurrent use.
type Sources struct {
	files []string
	root  place
}

// place is where one value stands, and what lies in it: fields by name, elements by index, map entries by key.
type place struct {
	file, line int
	in         map[string]*place
}

// child is the place of that name in p, which is made when it is not known.
func (p *place) child(name string, file, line int) (c *place, known bool) {
	if c, known = p.in[name]; known {
		return c, true
	}
	if p.in == nil {
		p.in = make(map[string]*place)
	}
	c = &place{file: file, line: line}
	p.in[name] = c
	return c, false
}

// Position is "file:line" of the value with this path, as in "journeys[0].stages[2].standard" or
// `signals[0].likelihood["use"]`, or of the nearest value around it that stands anywhere; "" when there is none. A
// leading "plan." is passed over.
func (s *Sources) Position(field string) string {
	if s == nil {
		return ""
	}
	at := &s.root
	for i, name := range segments(field) {
		next := at.in[name]
		switch {
		case next != nil:
			at = next
		case i == 0 && name == "plan":
		default:
			return s.position(at)
		}
	}
	return s.position(at)
}

func (s *Sources) position(p *place) string {
	if p.line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.files[p.file], p.line)
}

// Locate returns the violations with their Position filled in, where they have none and one is known.
func (s *Sources) Locate(violations []veiviser.Violation) []veiviser.Violation {
	out := make([]veiviser.Violation, len(violations))
	for i, v := range violations {
		if v.Position == "" {
			v.Position = s.Position(v.Field)
		}
		out[i] = v
	}
	return out
}

// segments takes a path apart: `a[2].b["x.y"].c` is a, 2, b, x.y, c.
func segments(path string) []string {
	var out []string
	for path != "" {
		switch path[0] {
		case '.', '[', ']':
			path = path[1:]
			continue
		case '"':
			if quoted, err := strconv.QuotedPrefix(path); err == nil {
				text, _ := strconv.Unquote(quoted)
				out = append(out, text)
				path = path[len(quoted):]
				continue
			}
		}
		end := strings.IndexAny(path, ".[]")
		if end < 0 {
			end = len(path)
		}
		out = append(out, path[:end])
		path = path[end:]
	}
	return out
}
