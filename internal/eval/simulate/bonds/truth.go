package bonds

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const day = 24 * time.Hour

// Truth is what is true of an audience: the numbers that a shop never sees. Chances are in [0, 1]; factors multiply a chance.
type Truth struct {
	// Late, Wrong and Never are the chances of a delivery that comes late, comes wrong, or does not come until it is sent anew.
	Late  float64 `json:"late"`
	Wrong float64 `json:"wrong"`
	Never float64 `json:"never"`
	// Fault is the chance that what was delivered right turns out faulty.
	Fault float64 `json:"fault"`
	// Resolved is the chance that staff put a complaint right. Otherwise it stays open.
	Resolved float64 `json:"resolved"`

	// StepWish is the chance that a step of the recovery makes somebody want something at once; StepFactor is by how much it raises
	// the chance to order or recommend at a visit, StepStay that of leaving, both for StepDays.
	StepWish   float64 `json:"step_wish"`
	StepFactor float64 `json:"step_factor"`
	StepStay   float64 `json:"step_stay"`
	StepDays   float64 `json:"step_days"`
	// OfferInCase is the chance to leave of who is shown an offer while a case is open, OfferBeforeRight that of who is shown one
	// before her first order was delivered right, OfferEarly that of who is shown one while she only looks around, OfferUnasked that
	// of who is shown one without being after anything.
	OfferInCase      float64 `json:"offer_in_case"`
	OfferBeforeRight float64 `json:"offer_before_right"`
	OfferEarly       float64 `json:"offer_early"`
	OfferUnasked     float64 `json:"offer_unasked"`
	// OfferFactor is by how much an offer raises the chance to order of who is about to decide and is owed nothing.
	OfferFactor float64 `json:"offer_factor"`
	// HelpStay is what human help makes of the chance to leave while a case is open.
	HelpStay float64 `json:"help_stay"`
	// RungFactor is by how much content towards a rung raises the rate at which a customer comes to want something and the
	// chance that she orders it here, for RungDays.
	RungFactor float64 `json:"rung_factor"`
	RungDays   float64 `json:"rung_days"`
}

// TruthOfSample is the truth of the sample audience.
func TruthOfSample() Truth {
	return Truth{
		Late: 0.09, Wrong: 0.05, Never: 0.02, Fault: 0.05, Resolved: 0.92,
		StepWish: 0.2, StepFactor: 2.5, StepStay: 0.5, StepDays: 45,
		OfferInCase: 0.15, OfferBeforeRight: 0.07, OfferEarly: 0.02, OfferUnasked: 0.005, OfferFactor: 1.25,
		HelpStay: 0.5, RungFactor: 1.25, RungDays: 30,
	}
}

// kind is a kind of person.
type kind struct {
	name  string
	share float64
	// first is what the first order may be about, then what the later ones may.
	first, then []string
	// every is the mean number of days between wants.
	every float64
	// sources are weights by where people come from; see [sources].
	sources [len(sources)]float64
}

// sources are where people come from first.
var sources = [...]string{"search", "social", "mail", "ad", "direct"}

func kinds() []kind {
	return []kind{
		{
			"commuters", 0.35,
			[]string{"gear/lock", "gear/helmet", "parts/tyres"},
			[]string{"parts/tyres", "parts/chain", "gear/lock", "bike/ebike"},
			90,
			[...]float64{5, 1, 1, 2, 3},
		},
		{
			"families", 0.30,
			[]string{"gear/helmet", "parts/tyres"},
			[]string{"parts/tyres", "gear/helmet", "bike/kids", "bike/cargo"},
			110,
			[...]float64{3, 3, 1, 3, 2},
		},
		{
			"tinkerers", 0.25,
			[]string{"parts/chain", "parts/brakes", "parts/tyres"},
			[]string{"parts/chain", "parts/brakes", "parts/tyres"},
			60,
			[...]float64{6, 1, 2, 1, 2},
		},
		{
			"riders", 0.10,
			[]string{"gear/helmet", "parts/brakes"},
			[]string{"parts/brakes", "gear/helmet", "parts/tyres", "bike/mountain"},
			80,
			[...]float64{3, 4, 1, 2, 2},
		},
	}
}

// price is what an order about a subject is worth on average.
func price(subject string) float64 {
	switch {
	case subject == "bike/kids":
		return 2500
	case veiviser.SubjectMatches("bike", subject):
		return 9000
	case veiviser.SubjectMatches("gear", subject):
		return 500
	default:
		return 350
	}
}
