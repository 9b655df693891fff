"""Where people live and shops stand: Indian cities with real PIN codes, coordinates and rough sizes.

PIN codes are those of head post offices and well-known localities (India Post's public directory);
coordinates are the city's centre. Street names are common ones, house numbers are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city: name, centre in degrees, PIN codes and its share of the population."""

    name: str
    lat: float
    lon: float
    weight: float
    pins: tuple[str, ...]


CITIES: tuple[City, ...] = (
    City("Mumbai", 19.0760, 72.8777, 12.5, ("400001", "400050", "400053", "400069", "400076", "400101")),
    City("New Delhi", 28.6139, 77.2090, 11.5, ("110001", "110017", "110019", "110027", "110085", "110092")),
    City("Bengaluru", 12.9716, 77.5946, 10.0, ("560001", "560034", "560037", "560066", "560076", "560100")),
    City("Hyderabad", 17.3850, 78.4867, 7.0, ("500001", "500032", "500034", "500072", "500081")),
    City("Chennai", 13.0827, 80.2707, 6.5, ("600001", "600017", "600020", "600042", "600096")),
    City("Kolkata", 22.5726, 88.3639, 6.0, ("700001", "700019", "700064", "700091", "700156")),
    City("Pune", 18.5204, 73.8567, 5.5, ("411001", "411014", "411038", "411045", "411057")),
    City("Ahmedabad", 23.0225, 72.5714, 4.5, ("380001", "380009", "380015", "380054")),
    City("Jaipur", 26.9124, 75.7873, 3.0, ("302001", "302017", "302020", "302033")),
    City("Lucknow", 26.8467, 80.9462, 3.0, ("226001", "226010", "226016", "226024")),
    City("Surat", 21.1702, 72.8311, 2.8, ("395001", "395003", "395007", "395009")),
    City("Gurugram", 28.4595, 77.0266, 2.6, ("122001", "122002", "122018")),
    City("Noida", 28.5355, 77.3910, 2.4, ("201301", "201304", "201305")),
    City("Indore", 22.7196, 75.8577, 1.9, ("452001", "452010", "452016")),
    City("Nagpur", 21.1458, 79.0882, 1.7, ("440001", "440010", "440022")),
    City("Kanpur", 26.4499, 80.3319, 1.6, ("208001", "208012", "208027")),
    City("Patna", 25.5941, 85.1376, 1.6, ("800001", "800013", "800020")),
    City("Bhopal", 23.2599, 77.4126, 1.4, ("462001", "462016", "462023")),
    City("Vadodara", 22.3072, 73.1812, 1.3, ("390001", "390007", "390020")),
    City("Coimbatore", 11.0168, 76.9558, 1.3, ("641001", "641004", "641018")),
    City("Kochi", 9.9312, 76.2673, 1.3, ("682011", "682016", "682024")),
    City("Visakhapatnam", 17.6868, 83.2185, 1.2, ("530001", "530016", "530045")),
    City("Chandigarh", 30.7333, 76.7794, 1.2, ("160017", "160022", "160036")),
    City("Thiruvananthapuram", 8.5241, 76.9366, 0.9, ("695001", "695004", "695014")),
    City("Bhubaneswar", 20.2961, 85.8245, 0.9, ("751001", "751012", "751024")),
    City("Guwahati", 26.1445, 91.7362, 0.8, ("781001", "781005", "781022")),
    City("Ludhiana", 30.9010, 75.8573, 0.8, ("141001", "141008")),
    City("Ranchi", 23.3441, 85.3096, 0.7, ("834001", "834002")),
    City("Raipur", 21.2514, 81.6296, 0.7, ("492001", "492007")),
    City("Varanasi", 25.3176, 82.9739, 0.7, ("221001", "221005")),
    City("Dehradun", 30.3165, 78.0322, 0.6, ("248001", "248006")),
    City("Mysuru", 12.2958, 76.6394, 0.6, ("570001", "570017")),
    City("Amritsar", 31.6340, 74.8723, 0.5, ("143001", "143006")),
    City("Jodhpur", 26.2389, 73.0243, 0.5, ("342001", "342003")),
    City("Madurai", 9.9252, 78.1198, 0.5, ("625001", "625020")),
    City("Siliguri", 26.7271, 88.3953, 0.4, ("734001", "734003")),
    City("Srinagar", 34.0837, 74.7973, 0.3, ("190001", "190008")),
    City("Panaji", 15.4909, 73.8278, 0.3, ("403001", "403002")),
    City("Shillong", 25.5788, 91.8933, 0.2, ("793001", "793003")),
    City("Bharatpur", 27.2152, 77.5030, 0.15, ("321001",)),
    City("Alwar", 27.5530, 76.6346, 0.15, ("301001",)),
    City("Nuh", 28.1024, 77.0010, 0.1, ("122107",)),
    City("Deoghar", 24.4826, 86.7000, 0.1, ("814112",)),
    City("Jamtara", 23.9630, 86.8030, 0.05, ("815351",)),
)

HIDEOUTS: tuple[str, ...] = ("Bharatpur", "Alwar", "Nuh", "Deoghar", "Jamtara")
"""Towns that police reports name as places from which gangs call and to which parcels go; honest people
live there too, so a PIN code alone proves nothing."""

STREETS: tuple[str, ...] = (
    "MG Road", "Station Road", "Gandhi Nagar", "Nehru Marg", "Civil Lines", "Sector 14", "Sector 62",
    "Model Town", "Rajendra Nagar", "Shivaji Nagar", "Subhash Chowk", "Laxmi Nagar", "Ram Nagar",
    "Church Street", "Temple Road", "Lake View Road", "Old Bazaar", "Sadar Bazar", "College Road",
    "Vasant Vihar", "Green Park", "Ashok Nagar", "Patel Nagar", "Azad Nagar", "Indira Nagar",
    "Jawahar Colony", "Krishna Kunj", "Sai Enclave", "Shanti Nagar", "Malviya Nagar",
)  # fmt: skip

BUILDINGS: tuple[str, ...] = (
    "Shanti Apartments", "Sunrise Residency", "Om Sai Heights", "Lotus Towers", "Green Valley",
    "Silver Oak", "Ganga Vihar", "Prestige Court", "Sagar Darshan", "Royal Enclave", "Shree Krupa",
    "Anand Bhavan", "Palm Meadows", "Maple Heights", "Gokul Dham", "Ashiana",
)  # fmt: skip
