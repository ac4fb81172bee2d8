package bandit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func allRows(t *Table) []int32 {
	rows := make([]int32, t.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// TestEncode works out a small table by hand.
func TestEncode(t *testing.T) {
	table := &Table{
		Columns: []Column{
			{Name: "yes", Numeric: true, Codes: []int32{0, 1, 1, 1}, Texts: []string{"0", "1"}, Numbers: []float64{0, 1}},
			{Name: "age", Numeric: true, Codes: []int32{0, 1, 2, 3}, Texts: []string{"20", "30", "40", ""}, Numbers: []float64{20, 30, 40, math.NaN()}},
			{Name: "kind", Codes: []int32{0, 1, 0, 0}, Texts: []string{"new", "old"}, Numbers: []float64{math.NaN(), math.NaN()}},
		},
		Arm: make([]int32, 4),
	}
	e := newEncoder(table, 2, allRows(table))
	if e.width != 1+(1+2+1)+2 {
		t.Fatal(e.width)
	}
	// Of 65 quantiles of three ages, 32 are 20, 32 are 30 and one is 40: mid-ranks 16/65, 48/65 and 64.5/65.
	u := []float64{16. / 65, 48. / 65, 64.5 / 65}
	mean, sd := moments2(u)
	hat := func(u float64) []float64 { return []float64{1 - min(max(2*u-0.5, 0), 1), min(max(2*u-0.5, 0), 1)} }
	dense := func(row int32) []float64 {
		out := make([]float64, e.width)
		for _, f := range e.code(table).row(row, nil) {
			out[f.at] = f.x
		}
		return out
	}
	missing := math.Sqrt(0.25 * 0.75)
	for row, want := range [][]float64{
		{-0.75 / missing, (u[0] - mean) / sd, hat(u[0])[0], hat(u[0])[1], -0.25 / missing, 0.5, 0},
		{0.25 / missing, (u[1] - mean) / sd, hat(u[1])[0], hat(u[1])[1], -0.25 / missing, 0, 0.5},
		{0.25 / missing, (u[2] - mean) / sd, 0, 1, -0.25 / missing, 0.5, 0},
		{0.25 / missing, 0, 0, 0, 0.75 / missing, 0.5, 0},
	} {
		if diff := cmp.Diff(want, dense(int32(row)), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("row %d: %s", row, diff)
		}
	}
}

func TestRankIsMonotonous(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := encoding{Kind: kindRanked}
	for range quantiles {
		e.Quantiles = append(e.Quantiles, math.Round(3*rng.NormFloat64()))
	}
	slices.Sort(e.Quantiles)
	last := 0.0
	for x := -12.0; x < 12; x += 0.01 {
		u := e.rank(x)
		if u < last || u > 1 {
			t.Fatalf("rank of %g is %g after %g", x, u, last)
		}
		last = u
	}
}

func TestRareLevelsHaveNoFeature(t *testing.T) {
	col := Column{Name: "k"}
	for i := range 100 {
		col.Texts = append(col.Texts, string(rune('가'+i)))
		for range 1 + i/50 {
			col.Codes = append(col.Codes, int32(i))
		}
	}
	levels := commonest(&col)
	if len(levels) != mostLevels || levels[0] != "가" || !slices.Contains(levels, col.Texts[99]) || slices.Contains(levels, col.Texts[14]) {
		t.Error(len(levels), levels)
	}
}

// TestDesign has the products of features of different columns, each once.
func TestDesign(t *testing.T) {
	table := crossing().draw(1, 50)
	e := newEncoder(table, 6, allRows(table))
	d := newDesign(e, true)
	if got, want := d.width(), 1+(7+2+7)+(2+1+2); got != want { // x·new, x·old, x·noise, new·noise, old·noise
		t.Fatalf("%d features, want %d", got, want)
	}
	names := d.featureNames()
	c := e.code(table)
	for i := range table.Rows() {
		x := c.row(int32(i), nil)
		z := make([]float64, d.width())
		for _, f := range d.expand(x, nil) {
			if z[f.at] != 0 {
				t.Fatal("twice")
			}
			z[f.at] = f.x
		}
		value := map[string]float64{}
		for k, name := range names {
			value[name] = z[k]
		}
		for _, p := range [][3]string{{"x × noise", "x", "noise"}, {"x × kind=new", "x", "kind=new"}, {"kind=old × noise", "kind=old", "noise"}} {
			if math.Abs(value[p[0]]-value[p[1]]*value[p[2]]) > 1e-12 {
				t.Fatalf("row %d: %v is %v", i, p, value)
			}
		}
		if value["intercept"] != 1 {
			t.Fatal(value)
		}
	}
}
