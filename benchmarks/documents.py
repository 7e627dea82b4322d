"""What is asked: the question of the field (Q1), and a search that leads to several such children (Q2)."""

from typing import Final

CHILD: Final = """
    id givenName familyName dateOfBirth gender addressStatus nhsNumber upn
    carers { id name relationship telephone }
    settings { id name kind telephone email }
    involvements {
      id service startedOn endedOn isLeadProfessional commonAssessmentCompleted
      practitioner { id name role telephone email }
    }"""

WHO_WORKS_WITH: Final = f"query WhoWorksWith($id: ID!) {{\n  child(by: {{id: $id}}) {{{CHILD}\n  }}\n}}"

FIND: Final = (
    "query Find($familyName: String!, $dateOfBirth: Date!) {\n"
    "  searchChildren(criteria: {familyName: $familyName, dateOfBirth: $dateOfBirth}, first: 20) {\n"
    f"    candidates {{ child {{{CHILD}\n    }} }}\n  }}\n}}"
)
