package ope_test

import (
	"fmt"

	"github.com/veiviser/veiviser/internal/rank/ope"
)

// A log of a thousand customers who saw one of two banners, each as likely as the other. Would it pay to show the first
// to everybody? The reward model thinks that both earn 1.
func Example() {
	var rows []ope.Row
	for i := range 1000 {
		r := ope.Row{Unit: uint64(i), Propensity: 0.5, Target: float64(i % 2), QLogged: 1, QTarget: 1}
		if i%4 == 1 || i%8 == 0 { // of those who saw the first, every second bought for 4; of the others, every fourth
			r.Reward = 4
		}
		rows = append(rows, r)
	}
	report, err := ope.Evaluate(rows, ope.Options{})
	if err != nil || report.Refusal.Refused() {
		fmt.Println(err, report.Refusal.Message)
		return
	}
	for _, e := range report.Estimates {
		fmt.Printf("%-9s %.2f (%.2f to %.2f)\n", e.Name, e.Value, e.Low, e.High)
	}
	// Output:
	// ips       2.00 (1.78 to 2.22)
	// snips     2.00 (1.82 to 2.18)
	// dm        1.00 (1.00 to 1.00)
	// dr        2.00 (1.81 to 2.19)
	// sndr      2.00 (1.82 to 2.18)
	// switch-dr 2.00 (1.81 to 2.19)
	// dros      2.00 (1.81 to 2.19)
}
