package bandit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Model is a learned policy.
type Model struct {
	// Source says what it was learned from; Rows and Units count that, Seed is that of [LearnOptions].
	Source      string
	Rows, Units int
	// Log tells the log that it was learned from from others.
	Log  string
	Seed uint64
	// Arms are the actions of the training log, sorted by name.
	Arms []Arm
	// Contextual says that the action depends on the context; else it is always Fixed, which is the index of the single
	// action that was best in training, by means that are adjusted for the context.
	Contextual bool
	Fixed      int
	// Looks are what Contextual was decided by.
	Looks []Look

	d *design // nil unless Contextual
}

// Arm is an action of a [Model].
type Arm struct {
	Name string `json:"name"`
	// Rows is how often it was logged, Mean what it earned then.
	Rows int     `json:"rows"`
	Mean float64 `json:"mean_reward"`
	// Weights are those of the model's features; nil unless the model is contextual.
	Weights []float64 `json:"weights,omitempty"`
}

// take keeps a fit, if it matters.
func (m *Model) take(d *design, h *hierarchy) {
	if !m.Contextual {
		return
	}
	m.d = d
	for a := range m.Arms {
		m.Arms[a].Weights = make([]float64, d.width())
		for i, w := range h.weights[a] {
			m.Arms[a].Weights[i] = rounded(w)
		}
	}
}

// rounded has nine digits: what is beyond differs from one processor to another and matters nowhere.
func rounded(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 9, 64), 64)
	if err != nil {
		return x
	}
	return y
}

// The heads of a model file, by which it is told from any other.
const (
	modelFormat  = "veiviser bandit model"
	modelVersion = 1
)

// file is the outer form of a model.
type file struct {
	Format     string   `json:"format"`
	Version    int      `json:"version"`
	WrittenBy  string   `json:"written_by"`
	Source     string   `json:"source"`
	Rows       int      `json:"rows"`
	Units      int      `json:"units"`
	Log        string   `json:"log"`
	Seed       uint64   `json:"seed"`
	Contextual bool     `json:"contextual"`
	Fixed      string   `json:"best_fixed"`
	Looks      []Look   `json:"looks"`
	Encoder    *encoder `json:"encoder,omitempty"`
	Pairs      bool     `json:"pairs,omitempty"`
	Features   []string `json:"features,omitempty"`
	Arms       []Arm    `json:"arms"`
}

// Marshal gives the model as JSON for people too: what every weight belongs to is in features, in the same order. The
// same model gives the same bytes.
func (m *Model) Marshal() ([]byte, error) {
	f := file{
		Format: modelFormat, Version: modelVersion, WrittenBy: "veiviserctl learn", Source: m.Source, Rows: m.Rows, Units: m.Units, Log: m.Log,
		Seed: m.Seed, Contextual: m.Contextual, Fixed: m.Arms[m.Fixed].Name, Arms: slices.Clone(m.Arms), Looks: slices.Clone(m.Looks),
	}
	for i := range f.Looks {
		f.Looks[i].Gain, f.Looks[i].Errors = rounded(f.Looks[i].Gain), rounded(f.Looks[i].Errors)
	}
	for a := range f.Arms {
		f.Arms[a].Mean = rounded(f.Arms[a].Mean)
	}
	if m.d != nil {
		f.Encoder, f.Pairs, f.Features = m.d.e, m.d.pair != nil, m.d.featureNames()
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	err := e.Encode(f)
	return out.Bytes(), err
}

// IsModel says whether a file begins as those that Marshal gives.
func IsModel(data []byte) bool {
	return bytes.HasPrefix(data, []byte("{\n \"format\": \""+modelFormat+"\""))
}

// featureNames say what the weights of a design belong to.
func (d *design) featureNames() []string {
	names := []string{"intercept"}
	var slots []string
	for c := range d.e.Columns {
		col := &d.e.Columns[c]
		for k := range col.features() {
			name := col.Name
			switch {
			case col.Kind == kindText && k < len(col.Levels):
				name += "=" + col.Levels[k]
			case k > 0 && k <= col.Hats:
				name += fmt.Sprintf(" around %.0f %%", 100*(float64(k)-0.5)/float64(col.Hats))
			case k > 0 || col.Kind == kindText:
				name += " missing"
			}
			names = append(names, name)
			if d.slot[col.at+k] >= 0 {
				slots = append(slots, name)
			}
		}
	}
	names = append(names, make([]string, d.width()-len(names))...)
	for i := range slots {
		for k := range slots {
			if d.pair != nil && d.pair[i*d.slots+k] > 0 {
				names[d.pair[i*d.slots+k]] = slots[i] + " × " + slots[k]
			}
		}
	}
	return names
}

// ReadModel reads what Marshal gave; name is what errors, which are [*FileError], call it.
func ReadModel(name string, data []byte) (*Model, error) {
	m, err := readModel(data)
	if err != nil {
		return nil, &FileError{File: name, Err: err}
	}
	return m, nil
}

func readModel(data []byte) (*Model, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("this is no model: %w", err)
	}
	switch {
	case f.Format != modelFormat:
		return nil, errors.New("this is no model; veiviserctl learn makes one")
	case f.Version != modelVersion:
		return nil, fmt.Errorf("the model is of version %d, and only %d is known here", f.Version, modelVersion)
	case len(f.Arms) == 0:
		return nil, errors.New("the model has no arms")
	}
	m := &Model{
		Source: f.Source, Rows: f.Rows, Units: f.Units, Log: f.Log, Seed: f.Seed, Contextual: f.Contextual, Looks: f.Looks, Arms: f.Arms,
		Fixed: slices.IndexFunc(f.Arms, func(a Arm) bool { return a.Name == f.Fixed }),
	}
	if m.Fixed < 0 {
		return nil, fmt.Errorf("best_fixed %q is none of the arms", f.Fixed)
	}
	if m.Contextual {
		if f.Encoder == nil {
			return nil, errors.New("the model depends on the context and does not say how it is encoded")
		}
		if err := f.Encoder.check(); err != nil {
			return nil, err
		}
		f.Encoder.place()
		m.d = newDesign(f.Encoder, f.Pairs)
	}
	return m, m.check()
}

// mostFeatures bounds what a file may claim.
const mostFeatures = 1 << 16

// check says what is wrong with an encoder that was read.
func (e *encoder) check() error {
	total := 0
	for i := range e.Columns {
		c := &e.Columns[i]
		bad := func(what string) error { return fmt.Errorf("column %q of the encoder: %s", c.Name, what) }
		switch {
		case c.Kind != kindTwo && c.Kind != kindRanked && c.Kind != kindText:
			return bad(fmt.Sprintf("there is no kind %q", c.Kind))
		case c.Hats < 0 || c.Hats > 1000 || c.Hats > 0 && c.Kind != kindRanked:
			return bad("hats make no sense")
		case !(c.Missing >= 0 && c.Missing <= 1.001):
			return bad("missing is no share")
		case c.Kind != kindText && !(c.Spread > 0):
			return bad("sd must be above 0")
		case !slices.IsSorted(c.Quantiles):
			return bad("quantiles do not ascend")
		}
		if total += c.features(); total > mostFeatures {
			return errors.New("the encoder has too many features")
		}
	}
	return nil
}

// check says what is wrong with a model that was read.
func (m *Model) check() error {
	for i := range m.Arms {
		a := &m.Arms[i]
		if i > 0 && m.Arms[i-1].Name >= a.Name {
			return errors.New("the arms are not sorted by name")
		}
		if !m.Contextual {
			continue
		}
		if len(a.Weights) != m.d.width() {
			return fmt.Errorf("arm %q has %d weights for %d features", a.Name, len(a.Weights), m.d.width())
		}
		for _, w := range a.Weights {
			if math.Abs(w) > 1e100 {
				return fmt.Errorf("arm %q has a weight of %g", a.Name, w)
			}
		}
	}
	return nil
}

// Choose says what the model does at every row of a table: an index into m.Arms. It needs the columns that it learned
// from, under their names; a [*FileError] says which it misses.
func (m *Model) Choose(t *Table) ([]int32, error) {
	out := make([]int32, t.Rows())
	if !m.Contextual {
		for i := range out {
			out[i] = int32(m.Fixed)
		}
		return out, nil
	}
	view := &Table{}
	for i := range m.d.e.Columns {
		by := &m.d.e.Columns[i]
		k := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == by.Name })
		if k < 0 {
			return nil, &FileError{File: "model", Column: by.Name, Err: errors.New("the model depends on it, and the mapping does not list it under context")}
		}
		if by.Kind != kindText && !t.Columns[k].Numeric {
			return nil, &FileError{File: "model", Column: by.Name, Err: errors.New("the model has learned from numbers there, and this log holds words")}
		}
		view.Columns = append(view.Columns, t.Columns[k])
	}
	c := m.d.e.code(view)
	var x, z []feature
	for i := range out {
		x = c.row(int32(i), x)
		z = m.d.expand(x, z)
		most := math.Inf(-1)
		for a := range m.Arms {
			if m.Arms[a].Rows == 0 {
				continue
			}
			if y := predict(m.Arms[a].Weights, z); y > most {
				out[i], most = int32(a), y
			}
		}
	}
	return out, nil
}
