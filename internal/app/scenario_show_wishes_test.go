package app_test

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// wishes shows the answers that are about wishes and consents; false when m is none.
func (p *printer) wishes(m proto.Message) bool {
	switch m := m.(type) {
	case *veiviserv1.SetDirectiveResponse:
		p.wish(m.GetDirective())
	case *veiviserv1.ListDirectivesResponse:
		for _, d := range m.GetDirectives() {
			p.wish(d)
		}
	case *veiviserv1.SetConsentResponse:
		p.consent(m.GetConsent())
	case *veiviserv1.ListConsentsResponse:
		for _, c := range m.GetConsents() {
			p.consent(c)
		}
	default:
		return false
	}
	return true
}

// wished lets a section that is a mapping be the wish, or the consent, of the request.
func wished(in proto.Message, body string) string {
	if !strings.HasPrefix(body, "{") {
		return body
	}
	if _, ok := in.(*veiviserv1.SetConsentRequest); ok {
		return "consent: " + body
	}
	return "directive: " + body
}

// wish is one line: what, about what, since when and for how long.
func (p *printer) wish(d *veiviserv1.Directive) {
	about := words("", nonEmpty(d.GetTarget()))
	if d.GetSubject() != "" {
		about += " about " + d.GetSubject()
	}
	long := ""
	if d.GetExpireTime() != nil {
		long = " for " + span(d.GetExpireTime().AsTime().Sub(d.GetCreateTime().AsTime()).Round(time.Minute))
	}
	p.line("wish %s%s since %s%s", strings.TrimPrefix(d.GetKind().String(), "DIRECTIVE_KIND_"), about, at(d.GetCreateTime()), long)
}

// consent is one line: to what, in which words, where and when, and whether it is what holds.
func (p *printer) consent(c *veiviserv1.Consent) {
	said, holds := "refused", ""
	if c.GetGranted() {
		said = "granted"
	}
	if c.GetEffective() {
		holds = ", holds"
	}
	p.line("consent %s %s version %s source %s at %s%s", c.GetPurpose(), said, orDash(c.GetVersion()), orDash(c.GetSource()), at(c.GetTime()), holds)
}

// standing shows what there is of a standing beside what everybody has.
func (p *printer) standing(s *veiviserv1.Standing) {
	if s == nil {
		return
	}
	if !s.GetProfiled() {
		p.line("not profiled")
	}
	for _, d := range s.GetDirectives() {
		p.wish(d)
	}
	for _, c := range s.GetConsents() {
		p.consent(c)
	}
	for _, a := range s.GetAudiences() {
		p.line("seen as %s", a)
	}
}

// kept shows what is kept of a visitor beside what is counted and believed.
func (p *printer) kept(v *veiviserv1.Visitor) {
	s := v.GetStanding()
	for _, q := range s.GetAnsweredItemIds() {
		p.line("answered %s: %s", q, orDash(v.GetAnswers()[q]))
	}
	if len(s.GetAcquiredSegmentIds()) > 0 {
		p.line("acquired in%s", words("", s.GetAcquiredSegmentIds()))
	}
	for _, o := range s.GetOrders() {
		hashed := "known by no hash"
		if o.GetOrderHash() != 0 {
			hashed = "known by a hash"
		}
		p.line("order %s value %g, %s", orDash(o.GetSubject()), o.GetValue(), hashed)
	}
}
