package bandit

import (
	"bytes"
	"testing"
)

// FuzzRead reads no log that cannot be worked with.
func FuzzRead(f *testing.F) {
	f.Add([]byte(smallLog))
	f.Add([]byte("who,age,channel,offer,p,net\na,1,x,b,1,1e15\n"))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := Read(bytes.NewReader(text), "log.csv", smallMapping())
		if err != nil || table.Rows() > 50 || len(table.Arms) > 5 || len(text) > 2000 {
			return
		}
		m, err := Learn(t.Context(), table, LearnOptions{})
		if err != nil {
			return
		}
		data, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadModel("m", data); err != nil {
			t.Fatal(err)
		}
		if _, err := Evaluate(t.Context(), table, m, EvaluateOptions{}); err != nil {
			t.Fatal(err)
		}
		_, _ = Replay(t.Context(), table, 1, nil) // may count nothing
	})
}

// FuzzReadMapping reads no mapping that lacks something.
func FuzzReadMapping(f *testing.F) {
	f.Add([]byte(goodMapping))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadMapping("m.yaml", text)
		if err == nil && (len(m.Context) == 0 || m.Action == "" || m.Reward == "" || (m.Propensity.Column == "") == (m.Propensity.Constant == 0)) {
			t.Errorf("%+v", m)
		}
	})
}

// FuzzReadModel reads no model that cannot choose.
func FuzzReadModel(f *testing.F) {
	table := crossing().draw(1, 300)
	for _, t := range []*Table{table, plain().draw(1, 60)} {
		m, err := Learn(f.Context(), t, LearnOptions{})
		if err != nil {
			f.Fatal(err)
		}
		data, err := m.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadModel("m.json", data)
		if err != nil {
			return
		}
		choice, err := m.Choose(table)
		for _, a := range choice {
			if err == nil && (a < 0 || int(a) >= len(m.Arms)) {
				t.Errorf("chooses %d of %d", a, len(m.Arms))
			}
		}
		if _, err := m.Marshal(); err != nil {
			t.Error(err)
		}
	})
}
