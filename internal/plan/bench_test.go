package plan

import (
	"fmt"
	"testing"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var sizes = []int{100, 10_000, 100_000}

// BenchmarkDecide is what a catalogue does for one placement of one request.
func BenchmarkDecide(b *testing.B) {
	for _, n := range sizes {
		s := large(b, n)
		for _, subject := range []string{"bike/mtb", "", "boat/sail/old"} {
			b.Run(fmt.Sprintf("items=%d/subject=%q", n, subject), func(b *testing.B) {
				q := usual(s)
				q.Subject = subject
				scorer := s.Response.Prepare(rank.Situation{ByStage: *q.byStage(), Segments: q.Segments, Channel: "web"}, nil)
				b.ReportAllocs()
				for b.Loop() {
					e := s.Catalog.Eligible(q)
					s.Catalog.Shortlist(e, q, scorer)
					e.Release()
				}
			})
		}
	}
}

// BenchmarkEligible is the part that grows with the catalogue, once per question and without what is kept of the last.
func BenchmarkEligible(b *testing.B) {
	for _, n := range sizes {
		s := large(b, n)
		for _, kind := range []string{"kept", "first", "excluded", "explained"} {
			b.Run(fmt.Sprintf("items=%d/%s", n, kind), func(b *testing.B) {
				q := usual(s)
				q.Explain = kind == "explained"
				if kind == "excluded" {
					q.Excluded = []string{itemID(1), itemID(2)}
				}
				b.ReportAllocs()
				for b.Loop() {
					if kind == "first" {
						clear(s.Catalog.funnels)
					}
					e := s.Catalog.Eligible(q)
					e.Exclusions()
					e.Release()
				}
			})
		}
	}
}

// BenchmarkWith writes items beside a plan: 1,000 new ones, 1,000 over others, and one.
func BenchmarkWith(b *testing.B) {
	s := large(b, 100_000)
	write := func(n int, id func(int) string) []veiviser.CatalogChange {
		changes := make([]veiviser.CatalogChange, n)
		for i, it := range manyItems(n) {
			it.ID = id(i)
			changes[i] = veiviser.CatalogChange{Item: it, Activation: 1, Revision: uint64(i + 1)}
		}
		return changes
	}
	for _, c := range []struct {
		name    string
		changes []veiviser.CatalogChange
	}{
		{"new", write(1000, func(i int) string { return fmt.Sprintf("item-%06d-new", i*90) })},
		{"over", write(1000, func(i int) string { return itemID(i * 90) })},
		{"one", write(1, func(int) string { return itemID(50_000) })},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.With(c.changes, 1, 1)
			}
		})
	}
}

// BenchmarkCompile compiles a plan with 10,000 items.
func BenchmarkCompile(b *testing.B) {
	p := bikes()
	p.Items = append(p.Items, manyItems(9_998)...)
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Compile(1, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if v := Validate(p); len(v) > 0 {
				b.Fatal(v)
			}
		}
	})
	b.Run("diff", func(b *testing.B) {
		o := *p
		for b.Loop() {
			Diff(p, &o)
		}
	})
}

// BenchmarkLearn orders a catalogue by what was learned about 5,000 of its items, and nothing about the others.
func BenchmarkLearn(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		s := large(b, n)
		x := rank.NewExperience(0)
		for i := range 20_000 {
			it := s.Catalog.entries[i*7919%5_000*(n/5_000)].item
			situation := rank.Situation{Segments: []string{"loyal"}, Channel: "web"}
			situation.ByStage[i%veiviser.NumStandardStages] = 1
			x.Observe(s.Response.Prepare(situation, nil).Features(nil, it, "card"), float64(i%2))
		}
		l := x.Learned()
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Learn(l)
			}
		})
	}
}
