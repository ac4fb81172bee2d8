package bandit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mapping says which columns of a log hold what.
type Mapping struct {
	// Context are the columns that a choice may depend on.
	Context []string
	// Text are those of Context that are words even where they look like numbers, as codes do.
	Text []string
	// Action is the column of what was chosen, Reward that of what it earned.
	Action, Reward string
	// Propensity says how likely the logged choice was.
	Propensity Propensity
	// Unit is the column of who the choice was made for: rows of one unit may depend on each other. Empty: every row is
	// a unit of its own.
	Unit string
}

// Propensity is the probability of the logged choice: the same for every action at every row, or that in a column.
type Propensity struct {
	Constant float64
	Column   string
}

// FileError is a file that makes no sense.
type FileError struct {
	// File is its name, Line counts from 1 (0: the whole file), Column names the column of a log, if it is about one.
	File   string
	Line   int
	Column string
	Err    error
}

// Error says where, and what is wrong.
func (e *FileError) Error() string {
	where := e.File
	if e.Line > 0 {
		where += fmt.Sprintf(":%d", e.Line)
	}
	if e.Column != "" {
		where += ": column " + e.Column
	}
	return fmt.Sprintf("%s: %v", where, e.Err)
}

// Unwrap gives what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// ReadMapping reads a mapping in YAML; name is what errors call it. Errors are [*FileError].
//
//	context: [recency, history, channel]
//	text: [channel]            # optional: words, even if they look like numbers
//	action: segment
//	reward: visit
//	propensity: {constant: 0.3333333}
//	unit: customer_id          # optional
func ReadMapping(name string, text []byte) (Mapping, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Mapping{}, &FileError{File: name, Err: errors.New(strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	r := mappingReader{file: name}
	var m Mapping
	if len(root.Content) != 1 {
		return m, r.wrong(&root, "it is empty; it needs context, action, reward and propensity")
	}
	err := r.fields(root.Content[0], map[string]func(*yaml.Node) error{
		"context": func(n *yaml.Node) error { return r.words(n, &m.Context) },
		"text":    func(n *yaml.Node) error { return r.words(n, &m.Text) },
		"action":  func(n *yaml.Node) error { return r.word(n, &m.Action) },
		"reward":  func(n *yaml.Node) error { return r.word(n, &m.Reward) },
		"unit":    func(n *yaml.Node) error { return r.word(n, &m.Unit) },
		"propensity": func(n *yaml.Node) error {
			return r.fields(n, map[string]func(*yaml.Node) error{
				"constant": func(n *yaml.Node) error { return r.share(n, &m.Propensity.Constant) },
				"column":   func(n *yaml.Node) error { return r.word(n, &m.Propensity.Column) },
			})
		},
	})
	if err != nil {
		return Mapping{}, err
	}
	if err := m.check(); err != nil {
		return Mapping{}, &FileError{File: name, Err: err}
	}
	return m, nil
}

// check says what is missing or contradicts itself.
func (m *Mapping) check() error {
	switch {
	case len(m.Context) == 0:
		return errors.New("context names no column")
	case m.Action == "":
		return errors.New("action names no column")
	case m.Reward == "":
		return errors.New("reward names no column")
	case (m.Propensity.Constant == 0) == (m.Propensity.Column == ""):
		return errors.New("propensity needs one of constant and column, as in {constant: 0.1}")
	}
	for i, c := range m.Context {
		switch {
		case slices.Contains(m.Context[:i], c):
			return fmt.Errorf("context names %s twice", c)
		case c == m.Action || c == m.Reward || c == m.Propensity.Column:
			return fmt.Errorf("context names %s, which is known only after the choice", c)
		}
	}
	for _, c := range m.Text {
		if !slices.Contains(m.Context, c) {
			return fmt.Errorf("text names %s, which is not in context%s", c, meant(c, m.Context))
		}
	}
	return nil
}

// mappingReader reads the parts of a mapping.
type mappingReader struct{ file string }

func (r mappingReader) wrong(n *yaml.Node, format string, args ...any) error {
	return &FileError{File: r.file, Line: n.Line, Err: fmt.Errorf(format, args...)}
}

// fields reads a mapping whose keys are known.
func (r mappingReader) fields(n *yaml.Node, known map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return r.wrong(n, "there must be keys and values here")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read, ok := known[key.Value]
		if !ok {
			var names []string
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			return r.wrong(key, "there is no key %q%s", key.Value, meant(key.Value, names))
		}
		if seen[key.Value] {
			return r.wrong(key, "%s is given twice", key.Value)
		}
		seen[key.Value] = true
		if err := read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r mappingReader) word(n *yaml.Node, to *string) error {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return r.wrong(n, "there must be the name of a column here")
	}
	*to = n.Value
	return nil
}

func (r mappingReader) words(n *yaml.Node, to *[]string) error {
	if n.Kind != yaml.SequenceNode {
		return r.wrong(n, "there must be a list of columns here, as in [age, income]")
	}
	*to = make([]string, len(n.Content))
	for i, c := range n.Content {
		if err := r.word(c, &(*to)[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r mappingReader) share(n *yaml.Node, to *float64) error {
	if n.Kind != yaml.ScalarNode || n.Decode(to) != nil || !(*to > 0 && *to <= 1) || math.IsNaN(*to) {
		return r.wrong(n, "there must be a probability above 0 and up to 1 here, not %q", n.Value)
	}
	return nil
}

// meant suggests the known word that is most like word, or lists a few known ones.
func meant(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("; did you mean %q?", best)
	case len(known) <= 12:
		return "; there is " + strings.Join(known, ", ")
	}
	return ""
}

// distance is the Levenshtein distance of a and b in bytes, very far for long words.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
