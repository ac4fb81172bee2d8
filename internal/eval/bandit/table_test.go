package bandit

import (
	"bytes"
	"compress/gzip"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func smallMapping() Mapping {
	return Mapping{Context: []string{"age", "channel"}, Action: "offer", Reward: "net", Propensity: Propensity{Column: "p"}, Unit: "who"}
}

const smallLog = "who,age,channel,offer,p,net\nana,31,web,b,0.5,1\nbo,NA,phone,a,0.25,-2.5\nana,4e1,web,a,0.25,0\n"

func smallTable() *Table {
	return &Table{
		Columns: []Column{
			{Name: "age", Numeric: true, Codes: []int32{0, 1, 2}, Texts: []string{"31", "NA", "4e1"}, Numbers: []float64{31, math.NaN(), 40}},
			{Name: "channel", Codes: []int32{0, 1, 0}, Texts: []string{"web", "phone"}, Numbers: []float64{math.NaN(), math.NaN()}},
		},
		Arms: []string{"a", "b"}, Arm: []int32{1, 0, 0}, Reward: []float64{1, -2.5, 0}, Propensity: []float64{0.5, 0.25, 0.25},
		Unit: []int32{0, 1, 0}, Units: []string{"ana", "bo"},
	}
}

func TestRead(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte(smallLog))
	_ = w.Close()
	for _, text := range []string{smallLog, z.String(), "\ufeff" + strings.ReplaceAll(smallLog, "\n", "\r\n")} {
		got, err := Read(strings.NewReader(text), "log.csv", smallMapping())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(smallTable(), got, cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	}
	if m := smallTable().MeanReward(); m != -0.5 {
		t.Error(m)
	}

	m := smallMapping()
	m.Unit, m.Propensity, m.Text = "", Propensity{Constant: 0.5}, []string{"age"}
	got, err := Read(strings.NewReader(smallLog), "log.csv", m)
	if err != nil || !got.Constant || got.Columns[0].Numeric || got.NumUnits() != 3 || got.Unit[2] != 2 || got.Propensity[1] != 0.5 {
		t.Error(got, err)
	}
}

func TestReadNamesTheFault(t *testing.T) {
	many := "who,age,channel,offer,p,net\n" + strings.Repeat("ana,31,web,b,0.5,1\n", 30)
	for _, c := range []struct{ old, with, want string }{
		{"bo,NA,phone,a,0.25,-2.5", "bo,NA,phone,a,0.25,much", `log.csv:3: column net: "much" is no reward: a number within ±1e15`},
		{"bo,NA,phone,a,0.25,-2.5", "bo,NA,phone,a,0.25,NaN", `log.csv:3: column net: "NaN" is no reward: a number within ±1e15`},
		{"bo,NA,phone,a,0.25,-2.5", "bo,NA,phone,a,0,1", `log.csv:3: column p: "0" is no probability of what was done: above 0 and up to 1`},
		{"bo,NA,phone,a,0.25,-2.5", "bo,NA,phone,,0.25,1", `log.csv:3: column offer: there is no action`},
		{"bo,NA,phone,a,0.25,-2.5", ",NA,phone,a,0.25,1", `log.csv:3: column who: there is no unit`},
		{"bo,NA,phone,a,0.25,-2.5", "bo,NA", `log.csv:3: wrong number of fields`},
		{"bo,NA,phone,a,0.25,-2.5", "\"bo\nbo\",NA,phone,a,x,1", `log.csv:4: column p: "x" is no probability of what was done: above 0 and up to 1`},
		{"bo,NA,phone", "bo,N\"A,phone", "log.csv:3: bare \" in non-quoted-field"},
		{"who,age,channel", "who,agee,channel", `log.csv:1: there is no column "age", which the mapping takes for context; did you mean "agee"?`},
		{smallLog, "", "log.csv: it is empty; the first line must name the columns"},
		{smallLog, "who,age,channel,offer,p,net\n", "log.csv: there is no row below the header"},
		{smallLog, many + "bo,3l,web,b,0.5,1\n", `log.csv:32: column age: "3l" is no number, as nearly all others are; put the column under text in the mapping if words are meant`},
		{smallLog, "\x1f\x8b?", "log.csv: unexpected EOF"},
	} {
		_, err := Read(strings.NewReader(strings.Replace(smallLog, c.old, c.with, 1)), "log.csv", smallMapping())
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.with, err, c.want)
		}
	}
	m := smallMapping()
	m.Propensity = Propensity{Constant: 0.6}
	if _, err := Read(strings.NewReader(smallLog), "log.csv", m); err == nil || err.Error() != "log.csv: column offer: 2 actions of probability 0.6 each make 1.2, more than 1" {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(file, []byte(smallLog), 0o600); err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	got, err := Load(t.Context(), file, smallMapping(), func(n int64) { read = n })
	if err != nil || got.Rows() != 3 || read != int64(len(smallLog)) {
		t.Error(got, err, read)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, file, smallMapping(), nil); err != context.Canceled { //nolint:errorlint // as it is
		t.Error(err)
	}
	if _, err := Load(t.Context(), file+"x", smallMapping(), nil); err == nil || err.Error() != file+"x: no such file or directory" {
		t.Error(err)
	}
}

// TestFolds keeps the rows of a unit together, differs by seed and is even.
func TestFolds(t *testing.T) {
	table := &Table{Arm: make([]int32, 6000), Unit: make([]int32, 6000)}
	for i := range table.Unit {
		table.Unit[i] = int32(i)
	}
	a, b := table.folds(1, 5), table.folds(2, 5)
	same, count := 0, [5]int{}
	for i := range a {
		count[a[i]]++
		if a[i] == b[i] {
			same++
		}
	}
	for _, n := range count {
		if n < 1050 || n > 1350 {
			t.Error(count)
		}
	}
	if same < 1000 || same > 1400 {
		t.Error(same)
	}
	small := smallTable()
	if f := small.folds(3, 1000); f[0] != f[2] || f[0] == f[1] {
		t.Error(f)
	}
}
