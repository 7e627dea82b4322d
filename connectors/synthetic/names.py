"""Names common enough to belong to nobody in particular: some 300 family and 300 given names, by origin and rank.

The lists are ours, ordered from the more to the less frequent; the skew is in `Skewed.by_rank`.
A family has one origin; `given_name` lets a share of children have a name from the largest list all the same.
"""

from random import Random

from connectors.synthetic.draw import Skewed

ORIGINS = Skewed(
    {
        "british": 70.0,
        "pakistani-bangladeshi": 8.5,
        "indian": 4.5,
        "west-african": 4.5,
        "east-european": 5.0,
        "chinese": 1.5,
        "arab-somali": 3.0,
        "south-european": 3.0,
    }
)

_FAMILY_NAMES = {
    "british": """Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White
        Roberts Green Hall Wood Jackson Clarke Harrison Hughes Edwards Turner Hill Moore Cooper Ward Clark Lewis Baker
        Harris King Morris Lee Martin Allen Morgan Bennett Carter Cook Shaw Parker Bailey Richardson Ellis Young Bell
        Marshall Adams Murphy Kelly Foster Mitchell Cox Gray Webb Watson Mason Hunt Palmer Rogers Simpson Holmes Mills
        Barnes Knight Matthews Lloyd Fisher Butler Stevens Russell Barker Price Gibson Pearson Graham Dixon Harvey
        Kennedy Fletcher Burton Howard Reynolds Andrews Murray Saunders Ford Walsh Payne Powell Elliott Lawrence
        Chapman Armstrong Hudson Ryan Brooks Woods Sullivan Hart Dunn Lawson Spencer Carr Booth Hargreaves Byrne
        Pickering Whitehead Ashworth Entwistle Ogden Schofield Greenhalgh Hilton Kershaw Barlow Higson Dolan Farrell
        Gallagher Quinn Brennan Doyle Nolan Flynn Keane O'Brien O'Connor O'Neill McCarthy McDonald McKenzie Sinclair
        Campbell Stewart Grant Ferguson Rees Griffiths Pritchard Bowen Beckford Francis Gordon Henry Joseph Reid
        Charles Morrison""",
    "pakistani-bangladeshi": """Khan Ahmed Hussain Ali Begum Rahman Malik Akhtar Iqbal Mahmood Shah Hussein Miah Uddin
        Chowdhury Mirza Sheikh Aslam Butt Chaudhry Qureshi Siddiqui Javed Rashid Bashir Islam Parveen Bibi Saleem
        Yousaf Nawaz Ashraf Rafiq Anwar Haque""",
    "indian": """Patel Singh Kaur Bhatt Sharma Gill Desai Mistry Parmar Kumar Chauhan Joshi Mehta Dhillon Sandhu
        Solanki Rao Nair Thomas Menon Gupta Verma Bains Sahota Reddy""",
    "west-african": """Okafor Adeyemi Mensah Owusu Okonkwo Boateng Adebayo Eze Asante Balogun Ogunleye Appiah Nwosu
        Osei Afolabi Amoah Obi Danso Oyelaran Bangura Kamara Sesay""",
    "east-european": """Nowak Kowalska Wisniewski Popescu Kaminski Ionescu Lewandowski Zielinski Wojcik Dumitru Novak
        Horvath Petrov Kowalczyk Marin Stan Ivanov Kazlauskas Jankauskas Mazur Balint Szabo""",
    "chinese": "Chan Wong Chen Li Lam Wang Cheung Zhang Leung Liu Ng Yip",
    "arab-somali": """Mohamed Abdi Hassan Ibrahim Osman Yusuf Warsame Farah Omar Saleh Haddad Nasser Aziz Karim Jama
        Mansour""",
    "south-european": """Silva Ferreira Costa Rossi Santos Garcia Pereira Martinez Ricci Lopez Oliveira Moreno
        Marino Fernandes""",
}

_GIRLS = {
    "british": """Olivia Amelia Isla Ava Lily Mia Freya Florence Ivy Grace Willow Rosie Sophia Isabella Evie Poppy
        Daisy Sienna Charlotte Emily Phoebe Elsie Evelyn Ella Millie Matilda Harriet Alice Emma Jessica Ruby Maisie
        Eliza Chloe Lottie Imogen Erin Holly Lucy Molly Abigail Hannah Martha Penelope Darcey Orla Niamh Beatrice
        Bethany Georgia Megan Lauren Tilly Heidi Nancy Robyn Amber Scarlett Jasmine Eleanor""",
    "pakistani-bangladeshi": """Aisha Maryam Fatima Zara Inaya Hafsa Zainab Anaya Khadija Ayesha Amina Safa Hania
        Iqra Sumaiya Noor Sana Alina Mahnoor Rabia Tasnim Nadia""",
    "indian": "Anika Diya Priya Simran Anaiya Kavya Riya Jasleen Meera Isha Harleen Tanvi Navya Pooja Aarohi",
    "west-african": """Chioma Adaeze Temi Abena Ama Ngozi Ayomide Esi Folake Ifeoma Akosua Damilola Zuri Blessing
        Mariama""",
    "east-european": "Zofia Maja Julia Hanna Lena Oliwia Alicja Nikola Ioana Maria Daria Kornelia Petra Milena Ema",
    "chinese": "Yuxi Jia Mei Hoi-Yan Xinyi Ka-Yi Lin Wing",
    "arab-somali": "Layla Sara Hodan Salma Yasmin Ifrah Rania Hibo Dalia Sahra Lina Nasra",
    "south-european": "Sofia Lucia Beatriz Chiara Ines Carla Giulia Leonor Elena Martina",
}

_BOYS = {
    "british": """Noah Oliver George Leo Arthur Oscar Theodore Freddie Archie Jack Charlie Harry Henry Theo Thomas
        Alfie Lucas Teddy Finley Isaac Joshua Edward William James Max Alexander Joseph Daniel Mason Reuben Logan
        Jacob Sebastian Louie Harrison Benjamin Samuel Toby Ethan Riley Rory Jude Elliot Dylan Callum Nathan Luke
        Connor Liam Owen Rhys Aaron Matthew Ryan Jamie Kieran Declan Stanley Albie Hugo""",
    "pakistani-bangladeshi": """Muhammad Ibrahim Yusuf Mohammed Adam Zayn Musa Ali Hamza Ismail Umar Ayaan Rayyan Eesa
        Haris Zakariya Bilal Hassan Rehan Tariq Imran Faisal""",
    "indian": "Arjun Aarav Rohan Veer Ishaan Dev Kiran Jai Gurpreet Nikhil Manav Harjot Rajan Sahil Vivaan",
    "west-african": """Emeka Kwame Tobi Kofi Chidi Ayo Femi Kojo Obinna Seun Yaw Emmanuel Kelechi Samson Ibrahima""",
    "east-european": "Jakub Antoni Filip Szymon Kacper Aleksander David Matei Andrei Luka Marcel Igor Tomas Emil",
    "chinese": "Haoran Jun Ka-Ho Wei Yichen Chun Tsz Ming",
    "arab-somali": "Omar Abdirahman Zakaria Khalid Ahmed Liban Kareem Yahya Samir Mahad Idris Suleiman",
    "south-european": "Mateo Tiago Lorenzo Diego Rafael Marco Pedro Luca Miguel Andrea",
}

FAMILY_NAMES = {origin: Skewed.by_rank(names.split()) for origin, names in _FAMILY_NAMES.items()}
GIRLS = {origin: Skewed.by_rank(names.split()) for origin, names in _GIRLS.items()}
BOYS = {origin: Skewed.by_rank(names.split()) for origin, names in _BOYS.items()}

_SHARE_OF_COMMON_NAMES = 0.15


def family_name(random: Random, *, origin: str) -> str:
    """Return a family name of an origin."""
    return FAMILY_NAMES[origin].draw(random)


def given_name(random: Random, *, origin: str, female: bool) -> str:
    """Return a given name of an origin, or at times one from the largest list."""
    if random.random() < _SHARE_OF_COMMON_NAMES:
        origin = "british"
    return (GIRLS if female else BOYS)[origin].draw(random)


def adult_name(random: Random) -> str:
    """Return a full name for a practitioner."""
    origin = ORIGINS.draw(random)
    return f"{given_name(random, origin=origin, female=random.random() < 0.7)} {family_name(random, origin=origin)}"
