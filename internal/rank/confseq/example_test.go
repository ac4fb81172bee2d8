package confseq_test

import (
	"fmt"

	"github.com/veiviser/veiviser/internal/rank/confseq"
)

// One person in twenty sees no recommendations. After three weeks somebody looks, as on every day before.
func Example() {
	treated, control := confseq.Rate(1390, 19_000), confseq.Rate(51, 1000)
	o := confseq.Options{Planned: 20_000} // set before the test

	d := confseq.Difference(treated, control, o)
	fmt.Printf("buyers in a hundred more: %.1f (%.1f to %.1f)\n", 100*d.Value, 100*d.Low, 100*d.High)
	fmt.Println("no difference is excluded:", d.Excludes(0))

	early := confseq.Difference(confseq.Rate(30, 400), confseq.Rate(1, 21), o)
	fmt.Println(early.Why)
	// Output:
	// buyers in a hundred more: 2.2 (-0.2 to 4.6)
	// no difference is excluded: false
	// Too early: the control group has 21 people so far, 50 are needed.
}
